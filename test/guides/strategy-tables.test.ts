import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { tables, withTable } from "../../scripts/strategy-tables.ts";

test.each(Object.entries(tables))("%s has the table of the built-in strategies", (path, form) => {
  const text = readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");
  expect(text).toBe(withTable(text, form));
});
