import { MissingObjectError } from "../../checkpoint-store/objects/object-storage.ts";
import { assertEqual, assertRejects } from "../assert.ts";
import { type Add, assertLists, assertReads, bytes, hashOf } from "./scene.ts";

export function nameCases(add: Add): void {
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
}

export function deletionCases(add: Add): void {
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
}
