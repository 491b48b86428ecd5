import fs, { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { leftOversIn, ownedName } from "./owned-names.ts";

const folder = mkdtempSync(join(tmpdir(), "clade-owned-"));
afterAll(() => rmSync(folder, { recursive: true }));

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
    using _hidden = hiding(`/proc/${process.ppid}/stat`);
    expect(await left(false)).toEqual([]);
    expect(await left(true)).toEqual([ofParent]);
  },
);

/** As where /proc is mounted with hidepid. */
function hiding(hidden: string): Disposable {
  const { readFileSync } = fs;
  const replace = (reader: unknown) => {
    Object.assign(fs, { readFileSync: reader });
    syncBuiltinESMExports();
  };
  replace((path: string, encoding: "latin1") => {
    if (path === hidden) throw Object.assign(new Error("hidden"), { code: "ENOENT" });
    return readFileSync(path, encoding);
  });
  return { [Symbol.dispose]: () => replace(readFileSync) };
}
