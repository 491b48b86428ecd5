/** The files of the guide run in the order in which it shows them. */
import { execFile } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { compile, filesOf, project } from "./written.ts";

const clade = fileURLToPath(new URL("../../bin/clade.js", import.meta.url));

test("every file of the guide runs, and is right for the compiler", async () => {
  const files = filesOf("in-a-program.md");
  const directory = project(files);
  const programs = files.slice(1).map(({ name }) => name);
  expect(programs).toEqual([...["run.ts", "session.ts", "stores.ts", "threads.ts", "check.ts"]]);
  const node = (...words: string[]) =>
    promisify(execFile)(process.execPath, words, { cwd: directory });
  for (const name of programs) await node("--conditions", "clade-source", name);
  compile(directory);

  // The commands that the page says work on the run of stores.ts.
  for (const words of [["show"], ["report"], ["export", "--out", "rows.csv"], ["stop"]])
    await node(join(clade), ...words, "--store", "clade.db");
});
