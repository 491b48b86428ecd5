import { execFileSync } from "node:child_process";
import { hash } from "node:crypto";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { CheckpointError, type CheckpointFiles, type CheckpointId, CladeError } from "clade";
import { checkpointStoreConformance } from "clade/testing";
import { checkpointDirectoriesConformance } from "clade/testing/node";
import { afterAll, describe, expect, test } from "vitest";
import {
  type FilesystemCheckpointStore,
  filesystemCheckpointStore,
} from "./filesystem-checkpoint-store.ts";

const root = mkdtempSync(join(tmpdir(), "clade-checkpoints-"));
const mounts: string[] = [];
afterAll(() => {
  for (const mount of mounts) execFileSync("umount", ["-l", mount]);
  rmSync(root, { recursive: true });
});

let directories = 0;
const newDirectory = () => join(root, `${directories++}`);
const noReserve = async () => {};
const bytes = (size: number, value: number) => new Uint8Array(size).fill(value);
const count = (directory: string, folder: string) => readdirSync(join(directory, folder)).length;

describe("conformance", () => {
  const places = new WeakMap<FilesystemCheckpointStore, string>();
  const open = async () => {
    const directory = newDirectory();
    const store = filesystemCheckpointStore(directory);
    places.set(store, directory);
    return store;
  };
  const damage = async (
    store: FilesystemCheckpointStore,
    id: CheckpointId,
    name: string | undefined,
  ) => {
    const directory = places.get(store)!;
    const checkpoint = join(directory, "checkpoints", id);
    const manifest = readFileSync(checkpoint, "latin1").split("\n\n", 1)[0]!;
    const large = /^(\w+) \d+ large(\.bin)?$/m.exec(manifest)![1]!;
    if (name === "large") flipLastByte(join(directory, "files", large));
    else if (name === "small") flipLastByte(checkpoint);
    else
      writeFileSync(
        checkpoint,
        readFileSync(checkpoint, "latin1").replace("70000", "70001"),
        "latin1",
      );
  };
  for (const { name, run } of checkpointStoreConformance(open, { damage })) test(name, run);
  const damageFile = (store: FilesystemCheckpointStore, id: CheckpointId, name: string) =>
    damage(store, id, name === "large.bin" ? "large" : "small");
  for (const { name, run } of checkpointDirectoriesConformance(open, damageFile)) test(name, run);
});

/** As a disk does it, which tells nobody. */
function flipLastByte(path: string): void {
  const { atime, mtime } = statSync(path);
  const content = readFileSync(path);
  content[content.length - 1]! ^= 1;
  chmodSync(path, 0o644);
  writeFileSync(path, content);
  utimesSync(path, atime, mtime);
}

/** Names with hashes, which a test framework compares faster than bytes. */
const hashed = (files: CheckpointFiles) =>
  Object.fromEntries(Array.from(files, ([name, content]) => [name, hash("sha256", content)]));

/** A directory as a trainer might have written it, in `parent`. */
function trainerDirectory(parent = root): string {
  const directory = mkdtempSync(join(parent, "trainer-"));
  mkdirSync(join(directory, "optimiser"));
  writeFileSync(join(directory, "model.bin"), bytes(200_000, 1));
  writeFileSync(join(directory, "optimiser", "momentum.bin"), bytes(100_000, 2));
  writeFileSync(join(directory, "state.json"), "{}");
  return directory;
}

const trainerFiles = new Map([
  ["model.bin", bytes(200_000, 1)],
  ["optimiser/momentum.bin", bytes(100_000, 2)],
  ["state.json", new TextEncoder().encode("{}")],
]);

test("a directory is adopted: its large files are linked, not copied", async () => {
  const directory = newDirectory();
  const store = filesystemCheckpointStore(directory);
  const source = trainerDirectory();
  const { ino } = statSync(join(source, "model.bin"));
  const id = await store.directories.save(source, noReserve);
  const inodes = readdirSync(join(directory, "files")).map(
    (name) => statSync(join(directory, "files", name)).ino,
  );
  expect(inodes).toContain(ino);
  expect(hashed(await store.load(id))).toEqual(hashed(trainerFiles));
  expect(await store.save(trainerFiles, noReserve)).toBe(id);
  await store[Symbol.asyncDispose]();
  expect(existsSync(source)).toBe(false);
});

test("a directory may end in a slash, or be relative to the current one", async () => {
  const store = filesystemCheckpointStore(newDirectory());
  const expected = await store.save(trainerFiles, noReserve);
  expect(await store.directories.save(`${trainerDirectory()}/`, noReserve)).toBe(expected);
  const relative = `./${trainerDirectory().slice(1)}`;
  const before = process.cwd();
  process.chdir("/");
  try {
    expect(await store.directories.save(relative, noReserve)).toBe(expected);
  } finally {
    process.chdir(before);
  }
});

test("large files are stored once, whatever the number of checkpoints", async () => {
  const directory = newDirectory();
  const store = filesystemCheckpointStore(directory);
  for (let turn = 0; turn < 5; turn++) {
    await store.save(new Map([...trainerFiles, ["turn", bytes(1, turn)]]), noReserve);
  }
  await store.directories.save(trainerDirectory(), noReserve);
  expect([
    count(directory, "checkpoints"),
    count(directory, "files"),
    count(directory, "incoming"),
  ]).toEqual([6, 2, 0]);
});

const otherFileSystem = "/dev/shm";
const hasOther =
  existsSync(otherFileSystem) && statSync(otherFileSystem).dev !== statSync(root).dev;
test.skipIf(!hasOther)(
  `a directory of another file system is copied (skipped without one at ${otherFileSystem})`,
  async () => {
    const directory = newDirectory();
    const store = filesystemCheckpointStore(directory);
    const source = trainerDirectory(otherFileSystem);
    const id = await store.directories.save(source, noReserve);
    expect(hashed(await store.load(id))).toEqual(hashed(trainerFiles));
    expect(count(directory, "incoming")).toBe(0);
    await store[Symbol.asyncDispose]();
    expect(existsSync(source)).toBe(false);
  },
);

test("a checkpoint is exported as the files that were saved, writable", async () => {
  const store = filesystemCheckpointStore(newDirectory());
  const id = await store.directories.save(trainerDirectory(), noReserve);
  const target = join(newDirectory(), "deep", "model");
  for (let time = 0; time < 2; time++) {
    const entries = await store.exportTo(id, target);
    expect(entries.map(({ name, size }) => [name, size])).toEqual(
      [...trainerFiles].map(([name, content]) => [name, content.length]),
    );
    for (const [name, content] of trainerFiles) {
      expect(readFileSync(join(target, name)).equals(content)).toBe(true);
      expect(statSync(join(target, name)).mode & 0o600).toBe(0o600);
    }
  }
  writeFileSync(join(target, "model.bin"), "changed");
  expect(hashed(await store.load(id))).toEqual(hashed(trainerFiles));
});

test("an export of damaged files fails, naming the checkpoint and the file", async () => {
  const directory = newDirectory();
  const store = filesystemCheckpointStore(directory);
  const id = await store.save(trainerFiles, noReserve);
  for (const name of readdirSync(join(directory, "files")))
    flipLastByte(join(directory, "files", name));
  const exported = store.exportTo(id, newDirectory());
  await expect(exported).rejects.toThrow(CheckpointError);
  await expect(exported).rejects.toThrow(`checkpoint ${id.slice(0, 12)}: model.bin`);
});

test("a file that a power cut left empty is found, and mended by the next save", async () => {
  const directory = newDirectory();
  const store = filesystemCheckpointStore(directory);
  const id = await store.save(trainerFiles, noReserve);
  for (const folder of ["checkpoints", "files"]) {
    for (const name of readdirSync(join(directory, folder))) {
      truncateSync(join(directory, folder, name), 0);
      await store.save(trainerFiles, noReserve);
      expect(hashed(await store.load(id))).toEqual(hashed(trainerFiles));
      truncateSync(join(directory, folder, name), 0);
      await expect(store.load(id)).rejects.toThrow(CheckpointError);
      await store.save(trainerFiles, noReserve);
      expect(hashed(await store.load(id))).toEqual(hashed(trainerFiles));
    }
  }
});

test("a sweep removes what a killed process wrote, not what a living one writes", async () => {
  const directory = newDirectory();
  const id = await filesystemCheckpointStore(directory).save(trainerFiles, noReserve);
  const store = filesystemCheckpointStore(directory);
  await using living = await store.directories.create();
  const ofProcess = (pid: number) => basename(living.path).replace(`,${process.pid},`, `,${pid},`);
  const dead = ofProcess(deadProcess());
  mkdirSync(join(directory, "incoming", dead));
  writeFileSync(join(directory, "incoming", dead, "half-saved.pt"), "half");
  writeFileSync(join(directory, "trash", dead), "");
  // Process ids come back: that of this test's parent belongs to an older process.
  mkdirSync(join(directory, "incoming", ofProcess(process.ppid)));
  const elsewhere = `another-machine,${living.path}`.replaceAll("/", "-");
  mkdirSync(join(directory, "incoming", elsewhere));
  await (await store.beginSweep())(new Set([id]))();
  expect(readdirSync(join(directory, "incoming")).toSorted()).toEqual(
    [basename(living.path), elsewhere].toSorted(),
  );
  expect(count(directory, "trash")).toBe(0);
  await (await store.beginSweep({ isQuiet: true }))(new Set([id]))();
  expect(readdirSync(join(directory, "incoming"))).toEqual([basename(living.path)]);
  expect(hashed(await store.load(id))).toEqual(hashed(trainerFiles));
});

const deadProcess = () => Number(execFileSync("sh", ["-c", "echo $$"], { encoding: "utf8" }));

test("a trainer gets hard links where it cannot write to them, and copies elsewhere", async () => {
  const directory = newDirectory();
  const store = filesystemCheckpointStore(directory);
  const id = await store.directories.save(trainerDirectory(), noReserve);
  const inodes = readdirSync(join(directory, "files")).map((name) =>
    statSync(join(directory, "files", name)),
  );
  await using opened = await store.directories.open(id);
  const model = statSync(join(opened.path, "model.bin"));
  const isLinked = inodes.some(({ ino }) => ino === model.ino);
  const isRoot = process.getuid?.() === 0;
  expect(isLinked).toBe(!isRoot);
});

test("an older store's file, which has no seal, is trusted once its hash matched", async () => {
  const directory = newDirectory();
  const store = filesystemCheckpointStore(directory);
  const id = await store.save(trainerFiles, noReserve);
  const files = readdirSync(join(directory, "files")).map((name) =>
    join(directory, "files", name),
  );
  for (const file of files) utimesSync(file, new Date(), new Date());
  await store.directories.look(id);
  flipLastByte(files[0]!);
  await store.directories.look(id);
  utimesSync(files[0]!, new Date(), new Date());
  for (let time = 0; time < 2; time++)
    await expect(store.directories.look(id)).rejects.toThrow(CheckpointError);
});

/** A file system of its own, or undefined where this user may not mount one. */
function mount(options: string): string | undefined {
  const directory = newDirectory();
  mkdirSync(directory);
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", options, "tmpfs", directory], { stdio: "ignore" });
  } catch {
    return undefined;
  }
  mounts.push(directory);
  return directory;
}

test("a full disk is a clear error, and what was published stays readable", async ({ skip }) => {
  const directory = mount("size=1m");
  if (!directory) return skip("needs the right to mount a small file system");
  const store = filesystemCheckpointStore(join(directory, "run"));
  const id = await store.save(trainerFiles, noReserve);
  const many = (size: number) =>
    Array.from({ length: 40 }, (_, index) => bytes(size, 100 + index));
  for (const size of [70_000, 60_000]) {
    const tooMuch = new Map(many(size).map((content, index) => [`f${index}`, content]));
    const saving = store.save(tooMuch, noReserve);
    await expect(saving).rejects.toThrow(CladeError);
    await expect(saving).rejects.toThrow("the disk is full; free some space, then resume the run");
    expect(count(join(directory, "run"), "incoming")).toBe(0);
    expect(hashed(await store.load(id))).toEqual(hashed(trainerFiles));
    expect(hashed(await filesystemCheckpointStore(join(directory, "run")).load(id))).toEqual(
      hashed(trainerFiles),
    );
  }
  const source = trainerDirectory();
  writeFileSync(join(source, "huge.bin"), bytes(2_000_000, 5));
  await expect(store.directories.save(source, noReserve)).rejects.toThrow("the disk is full");
  expect(existsSync(join(source, "huge.bin"))).toBe(true);
  await (await store.beginSweep())(new Set([id]))();
  const later = new Map([["f", bytes(300_000, 9)]]);
  expect(hashed(await store.load(await store.save(later, noReserve)))).toEqual(hashed(later));
  const target = mount("size=64k")!;
  await expect(store.exportTo(id, target)).rejects.toThrow(`${target}: the disk is full`);
});

test("a read-only directory is a clear error, and what was published stays readable", async ({
  skip,
}) => {
  const directory = mount("size=2m");
  if (!directory) return skip("needs the right to mount a small file system");
  const store = filesystemCheckpointStore(join(directory, "run"));
  const id = await store.save(trainerFiles, noReserve);
  const damaged = await store.save(new Map([["a", bytes(5, 5)]]), noReserve);
  flipLastByte(join(directory, "run", "checkpoints", damaged));
  execFileSync("mount", ["-o", "remount,ro", directory]);
  const saving = store.save(new Map([["a", bytes(1, 1)]]), noReserve);
  await expect(saving).rejects.toThrow(CladeError);
  await expect(saving).rejects.toThrow(
    "the file system is read-only; make it writable or use another directory",
  );
  expect(() => filesystemCheckpointStore(join(directory, "other"))).toThrow(
    "the directory cannot be created",
  );
  const reopened = filesystemCheckpointStore(join(directory, "run"));
  expect(hashed(await reopened.load(id))).toEqual(hashed(trainerFiles));
  await expect(reopened.load(damaged)).rejects.toThrow(CheckpointError);
});
