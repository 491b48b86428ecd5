/** An editor shows words for every name that the package exports, and so do the pages. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { apiReference } from "../../scripts/api-reference.ts";

test("every exported name has a text, and the pages of docs/api have it", () => {
  const pages = [...apiReference()];
  expect(pages.map(([path]) => path.replace(/^docs.api.(.*).md$/, "$1"))).toEqual([
    ...["core", "node", "browser", "testing", "testing-node"],
  ]);
  for (const [path, text] of pages) {
    const without = text.matchAll(/^## (.*)\n\n\n/gm);
    expect(Array.from(without, ([, name]) => name)).toEqual([]);
    // After a change: npx node scripts/api-reference.ts
    expect(readFileSync(new URL(`../../${path}`, import.meta.url), "utf8")).toBe(text);
  }
  expect(pages[0]![1].match(/^## /gm)!.length).toBeGreaterThan(130);
});
