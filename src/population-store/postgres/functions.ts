import { hash } from "node:crypto";
import { readFileSync } from "node:fs";
import type { Schema } from "../../database/postgres/migrate.ts";
import { raw, type Sql } from "../../database/sql.ts";
import { migrations } from "./migrations.ts";

const text = readFileSync(new URL("functions.sql", import.meta.url), "utf8");
const version = hash("sha256", text).slice(0, 12);

export const schema: Schema = {
  steps: migrations,
  functions: text.replaceAll("__(", `_${version}(`),
  aFunction: nameOf("claim"),
};

/** The name of a function that `functions.sql` creates. */
export function databaseFunction(name: string): Sql {
  return raw(nameOf(name));
}

function nameOf(name: string): string {
  return `clade.${name}_${version}`;
}
