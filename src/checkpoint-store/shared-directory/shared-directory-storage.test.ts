import { execFileSync, spawnSync } from "node:child_process";
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { CladeError } from "clade";
import { afterAll, expect, test } from "vitest";
import { objectStorageConformance } from "../../testing/object-storage-conformance.ts";
import { sharedDirectoryStorage } from "./shared-directory-storage.ts";

const root = mkdtempSync(join(tmpdir(), "clade-shared-directory-"));
const mounts: string[] = [];
afterAll(() => {
  for (const mount of mounts) execFileSync("umount", ["-l", mount]);
  rmSync(root, { recursive: true });
});
let directories = 0;
const newDirectory = () => join(root, `${directories++}`);

for (const { name, run } of objectStorageConformance(
  () => sharedDirectoryStorage(newDirectory()),
  {
    partBytes: 100_000,
  },
))
  test(name, run);

test("files that hang keep neither the process nor other files waiting", async () => {
  const directory = newDirectory();
  const storage = sharedDirectoryStorage(directory);
  await storage.put("a/good", Buffer.from("good"));
  // Whoever opens it waits for somebody to write, as for a server that does not answer.
  for (const name of ["one", "two", "three"]) execFileSync("mkfifo", [join(directory, "a", name)]);
  const hanging = ["one", "two", "three"].map((name) => storage.read(`a/${name}`));
  let ticks = 0;
  const ticking = setInterval(() => ticks++, 5);
  for (let time = 0; time < 20; time++) {
    expect(Buffer.from(await storage.read("a/good")).toString()).toBe("good");
    await sleep(5);
  }
  clearInterval(ticking);
  expect(ticks).toBeGreaterThan(10);
  for (const name of ["one", "two", "three"]) writeFileSync(join(directory, "a", name), "late");
  for (const late of hanging) expect(Buffer.from(await late).toString()).toBe("late");
  await storage[Symbol.asyncDispose]();
});

test("a directory that was deleted with its last file is made again", async () => {
  const directory = newDirectory();
  const storage = sharedDirectoryStorage(directory);
  const write = async (number: number) => {
    await storage.put(`run/${number % 3}/${number}`, Buffer.from(`${number}`));
    await storage.delete([`run/${number % 3}/${number}`]);
  };
  await Promise.all(Array.from({ length: 200 }, (_, number) => write(number)));
  expect(existsSync(join(directory, "run"))).toBe(false);
  expect(existsSync(directory)).toBe(true);
});

const isRoot = process.getuid?.() === 0;
test.skipIf(!isRoot)(
  "a full disk is one sentence, and leaves nothing half-written" +
    (isRoot ? "" : " (mounting a disk needs root)"),
  async () => {
    const directory = newDirectory();
    mkdirSync(directory);
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", directory]);
    mounts.push(directory);
    await using storage = sharedDirectoryStorage(directory);
    const error = await storage
      .put("a/b", new Uint8Array(2_000_000))
      .catch((refusal: Error) => refusal);
    expect(error).toBeInstanceOf(CladeError);
    expect((error as Error).message).toBe(
      `checkpoints in ${directory}: the disk is full; free some space, then resume the run`,
    );
    expect(readdirSync(join(directory, "a"))).toEqual([]);
  },
);

test.skipIf(isRoot)(
  "a directory that may not be written is one sentence" +
    (isRoot ? " (root may write everywhere)" : ""),
  async () => {
    const directory = newDirectory();
    mkdirSync(directory);
    chmodSync(directory, 0o555);
    await using storage = sharedDirectoryStorage(directory);
    await expect(storage.put("a/b", new Uint8Array(1))).rejects.toThrow(
      "this user may not write there",
    );
  },
);

test.skipIf(!isRoot)(
  "the group of a shared place reads and deletes each other's files, whatever the umask" +
    (isRoot ? "" : " (other users need root)"),
  async () => {
    const [group, user] = [54_321, 54_322];
    const directory = newDirectory();
    mkdirSync(directory);
    chownSync(directory, 0, group);
    chmodSync(directory, 0o2770);
    const umask = process.umask(0o077);
    try {
      await using storage = sharedDirectoryStorage(directory);
      await storage.put("run/checkpoint/weights", Buffer.from("shared"));
    } finally {
      process.umask(umask);
    }
    chmodSync(root, 0o755);
    const as = (gid: number, script: string) =>
      spawnSync(process.execPath, ["-e", script, join(directory, "run/checkpoint/weights")], {
        uid: user,
        gid,
        encoding: "utf8",
      });
    const reading = 'process.stdout.write(require("fs").readFileSync(process.argv[1], "utf8"))';
    expect(as(user, reading).status).not.toBe(0);
    expect(as(group, reading).stdout).toBe("shared");
    const replacing =
      'const { writeFileSync, rmSync } = require("fs"); const path = process.argv[1];' +
      'writeFileSync(path, "again"); writeFileSync(path + "2", "beside"); rmSync(path)';
    expect(as(group, replacing)).toMatchObject({ status: 0, stderr: "" });
    expect(readdirSync(join(directory, "run/checkpoint"))).toEqual(["weights2"]);
  },
);

test("a private place stays private, and nothing is opened below a public one", async () => {
  const directory = newDirectory();
  const modeOf = (path: string) => statSync(path).mode & 0o777;
  const umask = process.umask(0o077);
  try {
    for (const mode of [0o700, 0o1777]) {
      mkdirSync(join(directory, `${mode}`), { recursive: true });
      chmodSync(join(directory, `${mode}`), mode);
      await using storage = sharedDirectoryStorage(join(directory, `${mode}`));
      await storage.put("run/weights", Buffer.from("mine"));
      expect(modeOf(join(directory, `${mode}`, "run"))).toBe(0o700);
      expect(modeOf(join(directory, `${mode}`, "run/weights"))).toBe(0o600);
    }
  } finally {
    process.umask(umask);
  }
});
