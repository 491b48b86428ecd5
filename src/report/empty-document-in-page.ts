/// <reference lib="dom" />
/** What bundlers for browsers take in place of `empty-document.ts`. */
import { CladeError } from "../algorithm/clade-error.ts";

export function emptyDocument(): Document {
  if (typeof document === "undefined")
    throw new CladeError("there is no page here to draw in; draw figures outside of Web Workers");
  return document;
}
