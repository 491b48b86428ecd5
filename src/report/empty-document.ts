/** A document for drawing, where there is no page. */
import { parseHTML } from "linkedom";

export function emptyDocument() {
  return parseHTML("<html><body></body></html>").document;
}
