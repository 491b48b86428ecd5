import { hash } from "node:crypto";
import { readFileSync } from "node:fs";
import { raw, type Sql } from "../sql/sql.ts";

const text = readFileSync(new URL("functions.sql", import.meta.url), "utf8");
const version = hash("sha256", text).slice(0, 12);

/** The SQL that creates this version's functions in the database. */
export const functions = text.replaceAll("__(", `_${version}(`);

/** The name of a function that `functions.sql` creates. */
export function databaseFunction(name: string): Sql {
  return raw(functionName(name));
}

export function functionName(name: string): string {
  return `clade.${name}_${version}`;
}
