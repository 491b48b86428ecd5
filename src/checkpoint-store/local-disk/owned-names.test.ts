import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { afterAll, expect, test, vi } from "vitest";

const folder = mkdtempSync(join(tmpdir(), "clade-owned-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** As where /proc is mounted with hidepid. */
const hidden = vi.hoisted(() => ({ path: "" }));
vi.mock("node:fs", async (original) => {
  const fs = await original<typeof import("node:fs")>();
  const readFileSync = (path: string, encoding: "latin1") => {
    if (path === hidden.path) throw Object.assign(new Error("hidden"), { code: "ENOENT" });
    return fs.readFileSync(path, encoding);
  };
  return { ...fs, readFileSync };
});
// The other files of this process have it without the mock.
vi.resetModules();
afterAll(() => {
  vi.doUnmock("node:fs");
  vi.resetModules();
});
const { leftOversIn, ownedName } = await import("./owned-names.ts");

test("a name is one that every system takes", () => {
  expect(ownedName()).toMatch(/^[^<>:"/\\|?*\s]+$/);
});

test.skipIf(process.platform !== "linux")(
  "what a living process writes stays where the system hides when it was born",
  async () => {
    const ofParent = ownedName().replace(`,${process.pid},`, `,${process.ppid},`);
    mkdirSync(join(folder, ofParent));
    const left = async (isQuiet: boolean) =>
      (await leftOversIn(folder, isQuiet)).map((path) => basename(path));
    // This process's time of birth is not its parent's.
    expect(await left(false)).toEqual([ofParent]);
    hidden.path = `/proc/${process.ppid}/stat`;
    expect(await left(false)).toEqual([]);
    expect(await left(true)).toEqual([ofParent]);
  },
);
