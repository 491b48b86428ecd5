/** What the compilers say of mistakes.ts: a comment there has the parts of a message. */
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { isLong } from "../long.ts";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

interface Expected {
  readonly line: number;
  readonly parts: readonly string[];
}

/** From comments of the list of experiments, each about the statement that follows it. */
function expected(): Expected[] {
  const lines = readFileSync(here("mistakes.ts"), "utf8").split("\n");
  return lines.flatMap((text, index) => {
    const [, message] = /^ {2}\/\/ (.*)$/.exec(text) ?? [];
    return message ? [{ line: index + 1, parts: message.split(" | ") }] : [];
  });
}

/** By line, with the lines that explain it; quotes are as in the source. */
async function diagnostics(compiler: string): Promise<Map<number, string>> {
  const tsc = here(`../../node_modules/${compiler}/bin/tsc`);
  const words = [tsc, "--project", here("."), "--pretty", "false"];
  const { stdout } = await promisify(execFile)(process.execPath, words).catch(
    (failed: { stdout: string }) => failed,
  );
  const found = new Map<number, string>();
  let line = 0;
  for (const text of stdout.replaceAll('\\"', '"').split("\n")) {
    line = Number(/mistakes\.ts\((\d+),/.exec(text)?.[1] ?? line);
    found.set(line, `${found.get(line) ?? ""}${text}\n`);
  }
  return found;
}

const compilers = isLong ? ["typescript", "typescript-5"] : ["typescript"];

describe.each(compilers)("the compiler of %s", (compiler) => {
  test("says in words what is wrong, and what would be right", async () => {
    const found = await diagnostics(compiler);
    const mistakes = expected();
    expect(mistakes.length).toBeGreaterThan(8);
    for (const [index, { line, parts }] of mistakes.entries()) {
      const end = mistakes[index + 1]?.line ?? Infinity;
      const said = [...found].filter(([at]) => at > line && at < end).map(([, text]) => text);
      expect(said.length, `line ${line}`).toBe(1);
      for (const part of parts) expect(said[0]).toContain(part);
    }
    expect(found.size).toBe(mistakes.length);
  });
});
