const columns = 99;

/**
 * Breaks the long lines of a Markdown text. What cannot be broken stays as it is: tables, figures,
 * headings, HTML and code.
 */
export function wrapped(markdown: string): string {
  return markdown
    .split("\n")
    .map((line) => (/^(\||!|#|<| {4})/.test(line) ? line : wrappedLine(line)))
    .join("\n");
}

/** A link or a piece of code is one word; an item of a list stays behind its mark. */
function wrappedLine(line: string): string {
  const [indent, mark] = /^ *([-*] )?/.exec(line)!;
  const inner = mark === undefined ? indent : `${indent.slice(0, -mark.length)}  `;
  const [first = "", ...words] =
    line.slice(indent.length).match(/(?:`[^`]*`|\[[^\]]*\]\([^)]*\)|\S)+/g) ?? [];
  const lines = [indent + first];
  for (const word of words) {
    const longer = `${lines.at(-1)} ${word}`;
    if ([...longer].length <= columns) lines[lines.length - 1] = longer;
    else lines.push(inner + word);
  }
  return lines.join("\n");
}
