import { hash } from "node:crypto";
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { migrations as postgres } from "./postgres/migrations.ts";
import { earned } from "./rows.ts";
import { migrations as sqlite } from "./sqlite/migrations.ts";
import { pauseMs } from "./work-time.ts";

/**
 * What a step has done to somebody's database cannot be changed any more. A new step adds its hash
 * here.
 */
const landed = {
  sqlite: [
    "25ec661f96293211",
    "eb5120c5128720b0",
    "908b43dd73b234ed",
    "e79d50e3741277ca",
    "190df8a3ade103a3",
    "4089cfece703ed28",
    "c576a4e51b12bae0",
    "21c7e172554c45b1",
  ],
  postgres: [
    "cbfa3e1c49ccf53d",
    "608c915091109761",
    "bd7fb56da8c16907",
    "b2fcd4ab681d4fe2",
    "88da74524caace61",
    "880069a88fd2c448",
    "3261ba6fb6bd668d",
    "c96c51f29afc2a87",
  ],
};

test.each([
  ["SQLite", sqlite, landed.sqlite],
  ["PostgreSQL", postgres, landed.postgres],
])("no step of the schema that has landed is ever changed: %s", (_, steps, hashes) => {
  expect(steps.map((step) => hash("sha256", step).slice(0, 16))).toEqual(hashes);
});

test("the database's functions keep the rules and numbers of the program", () => {
  const functions = readFileSync(new URL("postgres/functions.sql", import.meta.url), "utf8");
  expect(functions).toContain(`SELECT ${pauseMs}::bigint`);
  expect(functions.match(/kind (NOT )?IN \([^)]*\)/g)).toEqual([earned]);
});
