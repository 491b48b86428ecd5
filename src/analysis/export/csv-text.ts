import { stringify } from "csv-stringify/sync";
import type { Cell } from "./column.ts";

/**
 * Rows as CSV (RFC 4180). A missing cell is empty and an empty text is `""`; NaN is written as
 * such, times as ISO 8601, lists as JSON. A text that a spreadsheet would run as a formula (it
 * begins with =, +, - or @) gets an apostrophe in front.
 */
export function csvText(rows: readonly (readonly Cell[])[]): string {
  return stringify(rows as Cell[][], {
    record_delimiter: "windows",
    // An empty text, which is not a missing one; and each half of the record delimiter, of which
    // the library sees only the whole.
    quoted_match: /^$|[\r\n]/,
    escape_formulas: true,
    cast: {
      boolean: String,
      date: (date) => date.toISOString(),
      object: (list) => JSON.stringify(list),
    },
  });
}
