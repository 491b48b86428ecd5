import { appendFileSync, mkdtempSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { open } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test, vi } from "vitest";
import { isSealed, seal, touch } from "./seal.ts";

const folder = mkdtempSync(join(tmpdir(), "clade-seal-"));
afterAll(() => rmSync(folder, { recursive: true }));

const dayMs = 24 * 3_600_000;
let files = 0;

function file(): string {
  const path = join(folder, `${files++}`);
  writeFileSync(path, "weights");
  return path;
}

test.each(["00:00:00", "05:47:46", "05:47:47", "12:34:56", "23:59:59"])(
  "a file sealed at %s has a modification time not before, and less than a day after",
  (time) => {
    const now = Date.parse(`2026-03-04T${time}Z`);
    vi.setSystemTime(now);
    try {
      const path = file();
      expect(isSealed(path, 7)).toBe(false);
      seal(path);
      expect(isSealed(path, 7)).toBe(true);
      const { mtimeMs } = statSync(path);
      expect(mtimeMs).toBeGreaterThanOrEqual(now);
      expect(mtimeMs).toBeLessThan(now + dayMs);
    } finally {
      vi.useRealTimers();
    }
  },
);

test("any write to a sealed file shows, and that it is used does not", async () => {
  const path = file();
  await using slow = await open(path, "r+");
  seal(path);
  touch(path);
  expect(isSealed(path, 7)).toBe(true);
  await slow.write("W", 0);
  expect(isSealed(path, 7)).toBe(false);
  touch(path);
  expect(isSealed(path, 7)).toBe(false);
  seal(path);
  appendFileSync(path, "!");
  expect(isSealed(path, 7)).toBe(false);
});

test("what is sealed keeps its seal on another day", () => {
  const path = file();
  vi.setSystemTime(Date.parse("2026-03-04T12:00:00Z"));
  seal(path);
  const before = statSync(path).mtimeMs;
  vi.setSystemTime(Date.parse("2026-03-09T12:00:00Z"));
  seal(path);
  vi.useRealTimers();
  expect(statSync(path).mtimeMs).toBe(before);
  expect(isSealed(path, 7)).toBe(true);
});

test.each(["2026-03-04T00:00:00Z", "1970-01-01T00:00:00Z", "2026-03-04T05:00:00Z"])(
  "a file that an archive has given the time %s is not taken for sealed",
  (time) => {
    const path = file();
    utimesSync(path, new Date(), new Date(time));
    expect(isSealed(path, 7)).toBe(false);
  },
);
