import { readdir, readFile, writeFile } from "node:fs/promises";
import { MissingObjectError } from "../../checkpoint-store/objects/object-storage.ts";
import { assert, assertEqual, assertRejects } from "../assert.ts";
import { type Add, assertReads, assertSame, bytes, hashOf } from "./scene.ts";

export function contentCases(add: Add): void {
  add(
    "what was put comes back, of every size around the bounds",
    async ({ storage, file, partBytes }) => {
      for (const size of sizesAround(partBytes)) {
        const content = bytes(size, size);
        await storage.put(`sizes/${size}`, content);
        await assertReads(storage, `sizes/${size}`, content);
        const sha256 = await storage.download(`sizes/${size}`, file(`${size}`), size);
        assertEqual(sha256, hashOf(content), `hash of ${size} bytes`);
        assertSame(await readFile(file(`${size}`)), content, `the file of ${size} bytes`);
      }
    },
  );

  add("a file is put as bytes are", async ({ storage, file, partBytes }) => {
    for (const size of sizesAround(partBytes)) {
      const content = bytes(size, size + 1);
      await writeFile(file(`${size}`), content);
      await storage.put(`files/${size}`, { path: file(`${size}`), size });
      await assertReads(storage, `files/${size}`, content);
      assertSame(await readFile(file(`${size}`)), content, "the file that was put");
    }
  });

  add("a view of part of a buffer is put as that part", async ({ storage, partBytes }) => {
    for (const size of [20, partBytes + 100]) {
      const content = bytes(size + 100, 3).subarray(7, 7 + size);
      await storage.put(`views/${size}`, content);
      await assertReads(storage, `views/${size}`, content);
    }
  });

  add("putting the same again changes nothing", async ({ storage, partBytes }) => {
    for (const content of [bytes(100, 1), bytes(partBytes + 5, 2)]) {
      const key = `again/${content.length}`;
      for (let time = 0; time < 3; time++) await storage.put(key, content);
      await Promise.all([storage.put(key, content), storage.put(key, content)]);
      await assertReads(storage, key, content);
    }
    assertEqual((await storage.list("again/")).length, 2, "objects");
  });
}

function sizesAround(partBytes: number): readonly number[] {
  return [
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
}

export function missingCases(add: Add): void {
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

  add("an object of another size counts as missing", async ({ storage, file, partBytes }) => {
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
}
