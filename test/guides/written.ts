/** The files that a guide shows, in a project of their own. */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));

export interface GuideFile {
  readonly name: string;
  readonly text: string;
}

/** Every block in TypeScript, which begins with the name of its file. */
export function filesOf(guide: string): GuideFile[] {
  const text = readFileSync(join(root, "docs/guides", guide), "utf8");
  return Array.from(text.matchAll(/^```ts\n(?:\/\/ (\S+)\n)?(.*?)^```/gms), ([, name, code]) => {
    if (name === undefined) throw new Error(`${guide}: name the file of this block:\n${code}`);
    return { name, text: code! };
  });
}

/** A directory with the files, where Clade and its development tools are installed. */
export function project(files: readonly GuideFile[]): string {
  const directory = mkdtempSync(join(tmpdir(), "guide-"));
  mkdirSync(join(directory, "node_modules"));
  for (const name of ["@types", "@jax-js", "zod", "vitest"])
    symlinkSync(join(root, "node_modules", name), join(directory, "node_modules", name));
  symlinkSync(root, join(directory, "node_modules", "clade"));
  writeFileSync(join(directory, "package.json"), JSON.stringify({ type: "module" }));
  for (const { name, text } of files) writeFileSync(join(directory, name), text);
  return directory;
}

/** Throws what the compiler says. */
export function compile(directory: string, compilerOptions: object = {}): void {
  const options = { extends: join(root, "tsconfig.json"), compilerOptions, include: ["*.ts"] };
  writeFileSync(join(directory, "tsconfig.json"), JSON.stringify(options));
  const compiler = join(root, "node_modules/typescript/bin/tsc");
  const words = [compiler, "--project", directory];
  const { status, stdout } = spawnSync(process.execPath, words, { encoding: "utf8" });
  if (status !== 0) throw new Error(stdout);
}
