/**
 * A lower bound of how deep a YAML or JSON text is nested. Text nested deeper than any experiment
 * needs would take a parser seconds, or break it.
 */

/** Blocks within a line, such as `- - x`, with anchors and tags. */
const blocks = /^( *)((?:[-?:](?: +[&!]\S*)* +){0,200})/;
const comment = /(^|\s)#.*/;
const quoted = /"(?:[^"\\]|\\.)*"|'[^']*'/g;

/** Stops once it is more than `enough`. */
export function nestingOf(text: string, enough: number): number {
  const indents: number[] = [];
  let flow = 0;
  let deepest = 0;
  for (const line of text.split("\n")) {
    const content = line.replace(quoted, "").replace(comment, "");
    if (content.trim() === "") continue;
    const [, { length: indent } = "", within = ""] = blocks.exec(content) ?? [];
    while (indents.length > 0 && indents.at(-1)! >= indent) indents.pop();
    indents.push(indent);
    const inLine = within.split(/\s+/).filter((sign) => /^[-?:]$/.test(sign)).length;
    for (const sign of content) {
      if (sign === "[" || sign === "{") flow++;
      else if (flow > 0 && (sign === "]" || sign === "}")) flow--;
      else continue;
      deepest = Math.max(deepest, indents.length + inLine + flow);
      if (deepest > enough) return deepest;
    }
    deepest = Math.max(deepest, indents.length + inLine + flow);
    if (deepest > enough) return deepest;
  }
  return deepest;
}
