/** The files of the guide run in the order in which it shows them. */
import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";

const guide = new URL("../../docs/guides/in-a-program.md", import.meta.url);
const root = fileURLToPath(new URL("../..", import.meta.url));
const files = [...readFileSync(guide, "utf8").matchAll(/^```ts\n\/\/ (\S+)\n(.*?)^```/gms)].map(
  ([, name, text]) => ({ name: name!, text: text! }),
);

test("every file of the guide runs, and is right for the compiler", async () => {
  const directory = mkdtempSync(join(tmpdir(), "guide-"));
  mkdirSync(join(directory, "node_modules"));
  symlinkSync(root, join(directory, "node_modules", "clade"));
  symlinkSync(join(root, "node_modules", "@types"), join(directory, "node_modules", "@types"));
  const compilerOptions = { extends: join(root, "tsconfig.json"), include: ["*.ts"] };
  writeFileSync(join(directory, "tsconfig.json"), JSON.stringify(compilerOptions));
  writeFileSync(join(directory, "package.json"), JSON.stringify({ type: "module" }));
  for (const { name, text } of files) writeFileSync(join(directory, name), text);

  const programs = files.slice(1).map(({ name }) => name);
  expect(programs).toEqual([...["run.ts", "session.ts", "stores.ts", "threads.ts", "check.ts"]]);
  const node = (...words: string[]) =>
    promisify(execFile)(process.execPath, words, { cwd: directory });
  for (const name of programs) await node("--conditions", "clade-source", name);
  await node(join(root, "node_modules/typescript/bin/tsc"), "--project", directory);

  // The commands that the page says work on the run of stores.ts.
  for (const words of [["show"], ["report"], ["export", "--out", "rows.csv"], ["stop"]])
    await node(join(root, "bin/clade.js"), ...words, "--store", "clade.db");
});
