/**
 * Every promise of `CheckpointDirectories` in `checkpoint-store.ts`, as cases that run in Node
 * against any store that has them.
 */
import { access, mkdir, open, readdir, readFile, rename, stat, writeFile } from "node:fs/promises";
import { dirname, isAbsolute, join } from "node:path";
import type { CheckpointId } from "../algorithm/snapshot.ts";
import {
  type CheckpointDirectories,
  CheckpointError,
  type CheckpointStore,
  type Directory,
  type Reserve,
} from "../checkpoint-store/checkpoint-store.ts";
import { LateWriteError } from "../checkpoint-store/late-write.ts";
import { assert, assertEqual, assertRejects, type ConformanceCase } from "./assert.ts";

type DirectoryStore = CheckpointStore & { readonly directories: CheckpointDirectories };

/** Changes one byte of a file of a checkpoint where the store keeps it. */
type Damage<S> = (store: S, id: CheckpointId, name: string) => Promise<void>;

/** `openStore` makes an empty store each time. */
export function checkpointDirectoriesConformance<S extends DirectoryStore>(
  openStore: () => Promise<S>,
  damage: Damage<S>,
): ConformanceCase[] {
  const cases: ConformanceCase[] = [];
  const add = (
    name: string,
    check: (directories: CheckpointDirectories, store: S) => Promise<void>,
  ) =>
    cases.push({
      name,
      run: async () => {
        await using store = await openStore();
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
    "files saved in memory and in a directory are one checkpoint, readable either way",
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

  add(
    "a directory is gone once another was saved after it, or when it is disposed of",
    async (directories) => {
      const created = await directories.create();
      assertEqual(await readdir(created.path), [], "a new directory");
      await writeFile(join(created.path, "f"), "f");
      await directories.save(created.path, noReserve);
      await created[Symbol.asyncDispose]();
      await saved(directories, content);
      await assertRejects(access(created.path), Error, "access after the next save");
      const dropped = await directories.create();
      await writeFile(join(dropped.path, "f"), "f");
      await dropped[Symbol.asyncDispose]();
      await assertRejects(access(dropped.path), Error, "access after disposing");
    },
  );

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

  add("what is written to an opened file changes nothing for others", async (directories) => {
    const id = await saved(directories, content);
    {
      await using opened = await directories.open(id);
      await using other = await directories.open(id);
      // It may be that the system refuses.
      for (const name of ["large.bin", "small.json"])
        await writeFile(join(opened.path, name), "changed", { flag: "r+" }).catch(() => {});
      assertEqual(await contentOf(other.path), content, "files opened before");
    }
    await directories.look(id);
    await directories.verify(id);
    await using again = await directories.open(id);
    assertEqual(await contentOf(again.path), content, "files opened after");
  });

  for (const name of ["large.bin", "small.json"]) {
    add(
      `a write to ${name} while it is saved fails the save with its name`,
      async (directories) => {
        await using written = await filled(directories, content);
        await using slow = await open(join(written.path, name), "a");
        const saving = directories.save(written.path, async () => {
          await slow.write("the end");
        });
        const error = await assertRejects(saving, LateWriteError, "save");
        assertEqual(error.file, name, "the error's file");
      },
    );

    add(
      `a write into the middle of ${name} while it is saved fails the save`,
      async (directories) => {
        await using written = await filled(directories, content);
        await using slow = await open(join(written.path, name), "r+");
        const saving = directories.save(written.path, async () => {
          await slow.write("other", 0);
        });
        const error = await assertRejects(saving, LateWriteError, "save");
        assertEqual(error.file, name, "the error's file");
        const id = await saved(directories, content);
        await directories.verify(id);
      },
    );

    add(
      `a write to ${name} after it was saved is found, and damages the checkpoint`,
      async (directories) => {
        await using written = await filled(directories, content);
        await using slow = await open(join(written.path, name), "a");
        const id = await directories.save(written.path, noReserve);
        await directories.look(id);
        await slow.write("the end");
        const error = await assertRejects(directories.look(id), LateWriteError, "look");
        assertEqual(error.file, name, "the error's file");
        await assertRejects(directories.open(id), CheckpointError, "open");
        await assertRejects(directories.verify(id), CheckpointError, "verify");
      },
    );

    add(`a checkpoint whose ${name} was written to later is not verified`, async (directories) => {
      await using written = await filled(directories, content);
      await using slow = await open(join(written.path, name), "a");
      const id = await directories.save(written.path, noReserve);
      await slow.write("the end");
      const error = await assertRejects(directories.verify(id), CheckpointError, "verify");
      assert(error.message.includes(name), `${error.message} names the file`);
      await directories.settle();
    });
  }

  add(
    "a late write to what was saved last is found when it is settled, and once",
    async (directories) => {
      await using written = await filled(directories, content);
      const id = await directories.save(written.path, noReserve);
      await writeFile(join(written.path, "late"), "late");
      const error = await assertRejects(directories.settle(), LateWriteError, "settle");
      assertEqual(error.file, "late", "the error's file");
      await directories.settle();
      await assertRejects(directories.verify(id), CheckpointError, "verify");
      const whole = await saved(directories, content);
      await directories.settle();
      await directories.verify(whole);
    },
  );

  add("what was written to since it was saved is never handed out", async (directories) => {
    await using written = await filled(directories, content);
    await using slow = await open(join(written.path, "large.bin"), "a");
    const id = await directories.save(written.path, noReserve);
    await slow.write("the end");
    const error = await assertRejects(directories.open(id), CheckpointError, "open");
    assert(error.message.includes("large.bin"), `${error.message} names the file`);
  });

  add(
    "a file that is made or replaced after a save is found with the next save",
    async (directories) => {
      for (const late of ["late.bin", "small.json"]) {
        await using written = await filled(directories, content);
        const id = await directories.save(written.path, noReserve);
        await writeFile(join(written.path, "unfinished"), "late");
        await rename(join(written.path, "unfinished"), join(written.path, late));
        const error = await assertRejects(
          saved(directories, { other: late }),
          LateWriteError,
          "the next save",
        );
        assertEqual(error.file, late, "the error's file");
        await assertRejects(directories.open(id), CheckpointError, "open");
        await saved(directories, { other: late });
      }
    },
  );

  add(
    "a trainer that was late once is waited for before a save is believed",
    async (directories) => {
      await using first = await filled(directories, content);
      const id = await directories.save(first.path, noReserve);
      await new Promise((resolve) => setTimeout(resolve, 300));
      await writeFile(join(first.path, "late"), "late");
      await assertRejects(directories.look(id), LateWriteError, "look");
      await using second = await filled(directories, content);
      const isSealed = async () =>
        ((await stat(join(second.path, "small.json"))).mode & 0o222) === 0;
      const saving = directories.save(second.path, noReserve);
      const writing = (async () => {
        while (!(await isSealed())) await new Promise((resolve) => setTimeout(resolve, 2));
        await writeFile(join(second.path, "late"), "late");
      })();
      const error = await assertRejects(saving, LateWriteError, "save");
      await writing;
      assertEqual(error.file, "late", "the error's file");
    },
  );

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
const content = {
  "a/b/empty": "",
  "large.bin": "weights ".repeat(50_000),
  "small.json": '{"step": 7}',
};

async function saved(
  directories: CheckpointDirectories,
  files: Readonly<Record<string, string>>,
): Promise<CheckpointId> {
  await using created = await filled(directories, files);
  return await directories.save(created.path, noReserve);
}

/** A directory as a trainer leaves it. */
async function filled(
  directories: CheckpointDirectories,
  files: Readonly<Record<string, string>>,
): Promise<Directory> {
  const created = await directories.create();
  for (const [name, text] of Object.entries(files)) {
    const path = join(created.path, name);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, text);
  }
  return created;
}

async function contentOf(directory: string): Promise<Record<string, string>> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const paths = entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
  const texts = paths.map(async (path) => [
    path.slice(directory.length + 1),
    await readFile(path, "utf8"),
  ]);
  return Object.fromEntries(await Promise.all(texts));
}
