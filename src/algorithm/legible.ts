/**
 * Text from outside (names, choices, metrics, messages and logs of trainers and experiments) as it
 * may be shown. A terminal obeys control characters: it moves the cursor, clears itself, renames
 * its window. Marks of direction and characters without width let one text look like another.
 */

/**
 * Joiners and selectors of a variant belong to emoji and to scripts whose letters join. After
 * other letters they hide.
 */
const joined = /[\p{Extended_Pictographic}\p{Emoji_Modifier}\p{M}\p{Script=Arabic}]/u;
const joining = `(?<=${joined.source})(?:\u200c|\u200d|\ufe0e|\ufe0f)`;
/**
 * Control and format characters and others without a shape, line separators, halves of pairs,
 * and code points that are not characters.
 */
const unseen =
  /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Default_Ignorable_Code_Point}\p{Noncharacter_Code_Point}]/u;
const notable = new RegExp(`\\r\\n|(?<kept>[\\n\\t]|${joining})|${unseen.source}`, "gu");
const plain = /^[\n\t\x20-\x7e]*$/;

/**
 * Writes each such character as JSON does, such as `\u001b`, so that JSON stays JSON. Lines, tabs
 * and legible characters stay.
 */
export function legible(text: string): string {
  if (plain.test(text)) return text;
  return text.replace(notable, (found, kept: string | undefined) => {
    if (found === "\r\n") return "\n";
    return kept ?? escaped(found);
  });
}

/** The same for a text of one line. */
export function legibleLine(text: string): string {
  return legible(text).replace(/[\n\t]/g, escaped);
}

/**
 * A message of several lines. Only its first line begins at the margin, so no other passes for a
 * line of Clade's.
 */
export function legibleBelow(text: string): string {
  return legible(text).replaceAll("\n", "\n    ");
}

/** JSON for a file that a person may look at. */
export function legibleJson(value: unknown): string {
  return `${legible(JSON.stringify(value, undefined, 2))}\n`;
}

function escaped(characters: string): string {
  return characters
    .split("")
    .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`)
    .join("");
}
