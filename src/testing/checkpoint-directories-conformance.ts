/** Every promise of `CheckpointDirectories` in `checkpoint-store.ts`, as cases that run in Node against any store that has them. */
import { access, mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { dirname, isAbsolute, join } from "node:path";
import type { CheckpointId } from "../algorithm/snapshot.ts";
import {
  type CheckpointDirectories,
  CheckpointError,
  type CheckpointStore,
  type Reserve,
} from "../checkpoint-store/checkpoint-store.ts";
import { assert, assertEqual, assertRejects, type ConformanceCase } from "./assert.ts";

type DirectoryStore = CheckpointStore & { readonly directories: CheckpointDirectories };

/** Changes one byte of a file of a checkpoint where the store keeps it. */
type Damage<S> = (store: S, id: CheckpointId, name: string) => Promise<void>;

/** `open` makes an empty store each time. */
export function checkpointDirectoriesConformance<S extends DirectoryStore>(
  open: () => Promise<S>,
  damage: Damage<S>,
): ConformanceCase[] {
  const cases: ConformanceCase[] = [];
  const add = (name: string, check: (directories: CheckpointDirectories, store: S) => Promise<void>) =>
    cases.push({
      name,
      run: async () => {
        await using store = await open();
        try {
          await check(store.directories, store);
        } finally {
          await store.remove();
        }
      },
    });

  add(
    "what was saved from a directory is opened as a directory, any number of times",
    async (directories) => {
      const id = await saved(directories, content);
      for (let time = 0; time < 2; time++) {
        await using opened = await directories.open(id);
        assert(isAbsolute(opened.path), `${opened.path} is absolute`);
        assertEqual(await contentOf(opened.path), content, "files");
      }
      assertEqual(await saved(directories, content), id, "the id of the same content");
    },
  );

  add(
    "files that are saved in memory and in a directory are one checkpoint, and are read either way",
    async (directories, store) => {
      const files = new Map(
        Object.entries(content).map(([name, text]) => [name, new TextEncoder().encode(text)]),
      );
      const id = await store.save(files, noReserve);
      assertEqual(await saved(directories, content), id, "id");
      await using opened = await directories.open(id);
      assertEqual(await contentOf(opened.path), content, "files in a directory");
      const loaded = Array.from(await store.load(id), ([name, bytes]) => [
        name,
        new TextDecoder().decode(bytes),
      ]);
      assertEqual(Object.fromEntries(loaded), content, "files in memory");
    },
  );

  add("a directory is gone once it is saved, or disposed of", async (directories) => {
    const created = await directories.create();
    assertEqual(await readdir(created.path), [], "a new directory");
    await writeFile(join(created.path, "f"), "f");
    await directories.save(created.path, noReserve);
    await assertRejects(access(created.path), Error, "access after saving");
    await created[Symbol.asyncDispose]();
    const dropped = await directories.create();
    await writeFile(join(dropped.path, "f"), "f");
    await dropped[Symbol.asyncDispose]();
    await assertRejects(access(dropped.path), Error, "access after disposing");
  });

  add("what is done to an opened directory does not touch the store", async (directories) => {
    const id = await saved(directories, content);
    {
      await using opened = await directories.open(id);
      await writeFile(join(opened.path, "another"), "");
    }
    await directories.verify(id);
    await using again = await directories.open(id);
    assertEqual(await contentOf(again.path), content, "files");
  });

  add("an opened checkpoint stays readable when it is swept", async (directories, store) => {
    const id = await saved(directories, content);
    await using opened = await directories.open(id);
    await (await store.beginSweep())(new Set())();
    assertEqual(await contentOf(opened.path), content, "files");
    await assertRejects(directories.open(id), CheckpointError, "open after the sweep");
    await assertRejects(directories.verify(id), CheckpointError, "verify after the sweep");
  });

  add("a directory that is being written survives a sweep", async (directories, store) => {
    await using created = await directories.create();
    await writeFile(join(created.path, "half"), "of a file");
    await (await store.beginSweep())(new Set())();
    assertEqual(await contentOf(created.path), { half: "of a file" }, "files");
  });

  for (const name of ["large.bin", "small.json"]) {
    add(
      `damage to ${name} is found by verify, and the same content can be saved again`,
      async (directories, store) => {
        const id = await saved(directories, content);
        await directories.verify(id);
        await damage(store, id, name);
        const error = await assertRejects(directories.verify(id), CheckpointError, "verify");
        assertEqual(error.checkpoint, id, "the error's checkpoint");
        assertEqual(await saved(directories, content), id, "id");
        await directories.verify(id);
      },
    );
  }
  return cases;
}

const noReserve: Reserve = async () => {};
const content = { "a/b/empty": "", "large.bin": "weights ".repeat(50_000), "small.json": '{"step": 7}' };

async function saved(
  directories: CheckpointDirectories,
  files: Readonly<Record<string, string>>,
): Promise<CheckpointId> {
  await using created = await directories.create();
  for (const [name, text] of Object.entries(files)) {
    const path = join(created.path, name);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, text);
  }
  return await directories.save(created.path, noReserve);
}

async function contentOf(directory: string): Promise<Record<string, string>> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const texts = paths.map(async (path) => [path.slice(directory.length + 1), await readFile(path, "utf8")]);
  return Object.fromEntries(await Promise.all(texts));
}
