/** Every promise of `object-storage.ts`, as cases that run against any storage. */
import { createHash } from "node:crypto";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  MissingObjectError,
  type ObjectStorage,
} from "../checkpoint-store/objects/object-storage.ts";
import { assert, assertEqual, assertRejects, type ConformanceCase } from "./assert.ts";

export interface ObjectStorageOptions {
  /** The size of a part, if large objects move in parts: sizes around it are tested too. */
  readonly partBytes?: number;
}

/** A storage, and a directory for files of the machine. */
interface Scene {
  readonly storage: ObjectStorage;
  readonly file: (name: string) => string;
}

/** `open` makes an empty storage each time. */
export function objectStorageConformance(
  open: () => Promise<ObjectStorage> | ObjectStorage,
  { partBytes = 8 * 1024 * 1024 }: ObjectStorageOptions = {},
): ConformanceCase[] {
  const cases: ConformanceCase[] = [];
  const add = (name: string, check: (scene: Scene) => Promise<void>) =>
    cases.push({
      name,
      run: async () => {
        const directory = await mkdtemp(join(tmpdir(), "clade-objects-"));
        await using storage = await open();
        try {
          await check({ storage, file: (file) => join(directory, file) });
        } finally {
          await rm(directory, { recursive: true, force: true });
        }
      },
    });

  const sizes = [
    0,
    1,
    4095,
    65_536,
    1_000_003,
    partBytes - 1,
    partBytes,
    partBytes + 1,
    2 * partBytes + 17,
  ];

  add("what was put comes back, of every size around the bounds", async ({ storage, file }) => {
    for (const size of sizes) {
      const content = bytes(size, size);
      await storage.put(`sizes/${size}`, content);
      await assertReads(storage, `sizes/${size}`, content);
      const sha256 = await storage.download(`sizes/${size}`, file(`${size}`), size);
      assertEqual(sha256, hashOf(content), `hash of ${size} bytes`);
      assertSame(await readFile(file(`${size}`)), content, `the file of ${size} bytes`);
    }
  });

  add("a file is put as bytes are", async ({ storage, file }) => {
    for (const size of sizes) {
      const content = bytes(size, size + 1);
      await writeFile(file(`${size}`), content);
      await storage.put(`files/${size}`, { path: file(`${size}`), size });
      await assertReads(storage, `files/${size}`, content);
      assertSame(await readFile(file(`${size}`)), content, "the file that was put");
    }
  });

  add("a view of part of a buffer is put as that part", async ({ storage }) => {
    for (const size of [20, partBytes + 100]) {
      const content = bytes(size + 100, 3).subarray(7, 7 + size);
      await storage.put(`views/${size}`, content);
      await assertReads(storage, `views/${size}`, content);
    }
  });

  add("putting the same again changes nothing", async ({ storage }) => {
    for (const content of [bytes(100, 1), bytes(partBytes + 5, 2)]) {
      const key = `again/${content.length}`;
      for (let time = 0; time < 3; time++) await storage.put(key, content);
      await Promise.all([storage.put(key, content), storage.put(key, content)]);
      await assertReads(storage, key, content);
    }
    assertEqual((await storage.list("again/")).length, 2, "objects");
  });

  add("an object that is not there is an error of its own", async ({ storage, file }) => {
    await storage.put("there/a", bytes(10, 1));
    for (const key of ["missing", "there", "there/", "there/a/b", "there/aa"].filter(
      (key) => !key.endsWith("/"),
    )) {
      const error = await assertRejects(storage.read(key), MissingObjectError, `read of ${key}`);
      assert(error.message.includes(key), "the message names the object");
      await assertRejects(
        storage.read(key, 10),
        MissingObjectError,
        `read of ${key} with its size`,
      );
      await assertRejects(
        storage.download(key, file("out"), 10),
        MissingObjectError,
        `download of ${key}`,
      );
    }
    await assertRejects(
      storage.download("missing", file("out"), 0),
      MissingObjectError,
      "download of no bytes",
    );
    assertEqual(await readdir(file("")), [], "files that failed downloads left");
  });

  add("an object of another size counts as missing", async ({ storage, file }) => {
    for (const size of [0, 10, partBytes, partBytes + 10]) {
      await storage.put(`other/${size}`, bytes(size, 1));
      for (const wrong of [
        0,
        1,
        9,
        11,
        partBytes - 1,
        partBytes + 1,
        partBytes + 9,
        3 * partBytes,
      ]) {
        if (wrong === size) continue;
        const what = `${size} bytes that should be ${wrong}`;
        await assertRejects(
          storage.read(`other/${size}`, wrong),
          MissingObjectError,
          `read of ${what}`,
        );
        const download = storage.download(`other/${size}`, file("out"), wrong);
        await assertRejects(download, MissingObjectError, `download of ${what}`);
      }
    }
    assertEqual(await readdir(file("")), [], "files that failed downloads left");
  });

  add("a download overwrites no file", async ({ storage, file }) => {
    await storage.put("object", bytes(10, 1));
    await writeFile(file("mine"), "keep");
    await assertRejects(storage.download("object", file("mine"), 10), Error, "download");
    assertEqual(await readFile(file("mine"), "utf8"), "keep", "the file");
  });

  add("a list is of what begins so", async ({ storage }) => {
    const keys = ["a/1", "a/1/b", "a/10", "a/10/c", "a/2", "ab", "b"];
    for (const [index, key] of keys.filter((key) => key !== "a/1" && key !== "a/10").entries())
      await storage.put(key, bytes(index, 1));
    await assertLists(storage, "", ["a/1/b", "a/10/c", "a/2", "ab", "b"]);
    await assertLists(storage, "a", ["a/1/b", "a/10/c", "a/2", "ab"]);
    await assertLists(storage, "a/", ["a/1/b", "a/10/c", "a/2"]);
    await assertLists(storage, "a/1", ["a/1/b", "a/10/c"]);
    await assertLists(storage, "a/1/", ["a/1/b"]);
    await assertLists(storage, "a/1/b", ["a/1/b"]);
    await assertLists(storage, "c", []);
    await assertLists(storage, "a/3/", []);
    const sizes = new Map((await storage.list("")).map(({ key, size }) => [key, size]));
    assertEqual(
      [...sizes].sort(),
      [
        ["a/1/b", 0],
        ["a/10/c", 1],
        ["a/2", 2],
        ["ab", 3],
        ["b", 4],
      ],
      "sizes",
    );
  });

  add(
    "names have letters of any language and what else the ids of runs have",
    async ({ storage, file }) => {
      const keys = [
        "Zürich-朝/x",
        "Zürich-朝/𝒫-1",
        "a.b_c-d/E~1",
        "r+s t/(1)'!*",
        "ключ/100%",
        "a&b=c?d#e",
        '<x>"y"',
      ];
      for (const [index, key] of keys.entries()) await storage.put(key, bytes(50, index));
      for (const [index, key] of keys.entries()) {
        await assertReads(storage, key, bytes(50, index));
        assertEqual(
          await storage.download(key, file(`${index}`), 50),
          hashOf(bytes(50, index)),
          `hash of ${key}`,
        );
      }
      await assertLists(storage, "", keys);
      await assertLists(storage, "Zürich-朝/", ["Zürich-朝/x", "Zürich-朝/𝒫-1"]);
      await storage.delete(keys);
      await assertLists(storage, "", []);
    },
  );

  add("deleting takes exactly what it is told", async ({ storage }) => {
    const keys = ["d/1", "d/10", "d/2", "d/3/x", "e"];
    for (const key of keys) await storage.put(key, bytes(5, 1));
    await storage.delete([]);
    await storage.delete(["d/1", "d/3/x", "never", "d"]);
    await assertLists(storage, "", ["d/10", "d/2", "e"]);
    await assertRejects(storage.read("d/1"), MissingObjectError, "read of what was deleted");
    await storage.delete(["d/1", "d/3/x"]);
    await assertReads(storage, "d/10", bytes(5, 1));
    await storage.delete(["d/10", "d/2", "e"]);
    await assertLists(storage, "", []);
  });

  add("more than a thousand objects are listed and deleted", async ({ storage }) => {
    const keys = Array.from({ length: 1050 }, (_, index) => `many/${index % 7}/${index}`);
    for (let begin = 0; begin < keys.length; begin += 50)
      await Promise.all(keys.slice(begin, begin + 50).map((key) => storage.put(key, bytes(3, 1))));
    await storage.put("many-more", bytes(3, 1));
    await assertLists(storage, "many/", keys);
    await storage.delete(keys);
    await assertLists(storage, "", ["many-more"]);
  });

  add(
    "many puts and reads at the same time do not disturb each other",
    async ({ storage, file }) => {
      const sizes = [
        ...Array.from({ length: 60 }, (_, index) => index * 37),
        partBytes + 1,
        3 * partBytes,
        2 * partBytes + 5,
      ];
      await Promise.all(
        sizes.map(async (size, index) => {
          await storage.put(`together/${index}`, bytes(size, index));
          const [content, sha256] = await Promise.all([
            storage.read(`together/${index}`, size),
            storage.download(`together/${index}`, file(`${index}`), size),
          ]);
          assertSame(content, bytes(size, index), `object ${index}`);
          assertEqual(sha256, hashOf(bytes(size, index)), `hash of object ${index}`);
        }),
      );
      assertEqual((await storage.list("together/")).length, sizes.length, "objects");
    },
  );

  add("a reader finds nothing or all of an object that is being put", async ({ storage }) => {
    const content = bytes(2 * partBytes + 5, 1);
    let isDone = false;
    const putting = storage.put("growing", content).finally(() => {
      isDone = true;
    });
    while (!isDone) {
      const found = await storage.read("growing").catch((error) => error);
      if (!(found instanceof MissingObjectError))
        assertSame(found, content, "what is read meanwhile");
      for (const { key, size } of await storage.list("grow"))
        assert(
          key === "growing" && [0, content.length].includes(size),
          `nothing half-written, but ${key}: ${size}`,
        );
    }
    await putting;
    await assertReads(storage, "growing", content);
  });

  add("another storage at the same place sees what was put", async ({ storage }) => {
    assert(!storage.shown.includes("@"), "what is shown has no secrets");
    await storage.put("seen", bytes(10, 1));
    await assertReads(storage, "seen", bytes(10, 1));
  });

  return cases;
}

/** Reproducible bytes. */
function bytes(size: number, seed: number): Uint8Array {
  const result = new Uint8Array(size);
  const words = new Uint32Array(result.buffer, 0, size >> 2);
  let state = (seed + 1) * 2_654_435_761;
  for (let index = 0; index < words.length; index++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
    words[index] = state;
  }
  result.fill(seed, words.length * 4);
  return result;
}

function hashOf(content: Uint8Array): string {
  return createHash("sha256").update(content).digest("hex");
}

async function assertReads(
  storage: ObjectStorage,
  key: string,
  content: Uint8Array,
): Promise<void> {
  assertSame(await storage.read(key), content, `the bytes of ${key}`);
  assertSame(
    await storage.read(key, content.length),
    content,
    `the bytes of ${key}, read with their size`,
  );
}

function assertSame(found: Uint8Array, content: Uint8Array, what: string): void {
  assertEqual(found.length, content.length, `the size of ${what}`);
  assertEqual(hashOf(found), hashOf(content), `the hash of ${what}`);
}

async function assertLists(
  storage: ObjectStorage,
  prefix: string,
  keys: readonly string[],
): Promise<void> {
  const found = (await storage.list(prefix)).map(({ key }) => key);
  assertEqual(found.sort(), keys.toSorted(), `what begins with ${JSON.stringify(prefix)}`);
}
