import { MissingObjectError } from "../../checkpoint-store/objects/object-storage.ts";
import { assert, assertEqual } from "../assert.ts";
import { type Add, assertReads, assertSame, bytes, hashOf } from "./scene.ts";

export function concurrencyCases(add: Add): void {
  add(
    "many puts and reads at the same time do not disturb each other",
    async ({ storage, file, partBytes }) => {
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

  add(
    "a reader finds nothing or all of an object that is being put",
    async ({ storage, partBytes }) => {
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
    },
  );

  add("another storage at the same place sees what was put", async ({ storage }) => {
    assert(!storage.shown.includes("@"), "what is shown has no secrets");
    await storage.put("seen", bytes(10, 1));
    await assertReads(storage, "seen", bytes(10, 1));
  });
}
