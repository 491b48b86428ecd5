/** Writes the tables of the built-in strategies. Run after a change to the list of strategies. */
import { readFileSync, writeFileSync } from "node:fs";
import { tables, withTable } from "./strategy-tables.ts";

for (const [path, form] of Object.entries(tables)) {
  const file = new URL(`../${path}`, import.meta.url);
  writeFileSync(file, withTable(readFileSync(file, "utf8"), form));
}
