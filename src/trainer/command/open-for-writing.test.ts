import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, existsSync, mkdtempSync, openSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { python, withoutPython } from "../../../test/python/python.ts";
import { openForWriting } from "./open-for-writing.ts";

const directory = mkdtempSync(join(tmpdir(), "clade-écriture-"));
afterAll(() => rmSync(directory, { recursive: true }));

const isLinux = existsSync("/proc/self/fd");
describe.skipIf(!isLinux)(
  `a file that is written${isLinux ? "" : " (skipped: needs Linux)"}`,
  () => {
    test("is named while this process has it open for writing, not while it only reads", () => {
      const path = join(directory, "weights.bin");
      writeFileSync(path, "weights");
      for (const [flags, expected] of [
        ["r", undefined],
        ["r+", "weights.bin"],
        ["a", "weights.bin"],
      ] as const) {
        const file = openSync(path, flags);
        expect(openForWriting(process.pid, directory)).toBe(expected);
        closeSync(file);
      }
      expect(openForWriting(process.pid, directory)).toBe(undefined);
    });

    test("is named while a process that was started has it open", async () => {
      const path = join(directory, "child.bin");
      const child = spawn("sh", ["-c", `exec 5>>${path}; echo open; read _`], {
        stdio: ["pipe", "pipe", "inherit"],
      });
      await once(child.stdout, "data");
      expect(openForWriting(process.pid, directory)).toBe("child.bin");
      child.stdin.end();
      await once(child, "exit");
      expect(openForWriting(process.pid, directory)).toBe(undefined);
    });

    test.skipIf(withoutPython)(
      "is named while it is mapped into memory for writing" +
        (withoutPython ? ` (${withoutPython})` : ""),
      async () => {
        const path = join(directory, "mapped.bin");
        writeFileSync(path, "weights");
        const code = `
import mmap
with open(${JSON.stringify(path)}, "r+b") as file:
    mapped = mmap.mmap(file.fileno(), 0)
print("mapped", flush=True)
input()`;
        const child = spawn(python, ["-c", code], { stdio: ["pipe", "pipe", "inherit"] });
        await once(child.stdout, "data");
        expect(openForWriting(child.pid!, directory)).toBe("mapped.bin");
        child.stdin.end("\n");
        await once(child, "exit");
      },
    );
  },
);
