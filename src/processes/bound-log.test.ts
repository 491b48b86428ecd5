import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  closeSync,
  existsSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { boundLog } from "./bound-log.ts";

const directory = mkdtempSync(join(tmpdir(), "clade-bound-log-test-"));
afterAll(() => rmSync(directory, { recursive: true }));

const read = (path: string) => readFileSync(path, "utf8");

test("a log over the bound keeps its last bytes, and its writer goes on at the end", async () => {
  const path = join(directory, "worker.log");
  const file = openSync(path, "a");
  const writer = spawn(process.execPath, ["-e", "process.stdin.pipe(process.stdout)"], {
    stdio: ["pipe", file, "inherit"],
  });
  closeSync(file);
  const write = async (text: string) => {
    const before = statSync(path).size;
    writer.stdin!.write(text);
    await expect.poll(() => statSync(path).size, { timeout: 30_000 }).toBe(before + text.length);
  };
  await write("begins\nlong ago\nlast words\n");
  boundLog(path, 27);
  expect([statSync(path).size, existsSync(`${path}.1`)]).toEqual([27, false]);
  boundLog(path, 11);
  expect([read(path), read(`${path}.1`)]).toEqual(["", "last words\n"]);
  await write("goes on\n");
  expect(read(path)).toBe("goes on\n");
  await write("and further\n");
  boundLog(path, 12);
  expect([read(path), read(`${path}.1`)]).toEqual(["", "and further\n"]);
  writer.stdin!.end();
  await once(writer, "exit");
});

test("more than fits into one read is kept whole", () => {
  const path = join(directory, "long.log");
  const text = "0123456789".repeat(300_000);
  writeFileSync(path, text);
  boundLog(path, 2_500_000);
  expect(read(`${path}.1`)).toBe(text.slice(-2_500_000));
});

test("a log that is not there, costs nothing", () => {
  boundLog(join(directory, "none.log"), 1);
  expect(existsSync(join(directory, "none.log"))).toBe(false);
});
