import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Directory } from "../checkpoint-store.ts";
import { explain, explainedAsync, isFull } from "./disk-errors.ts";
import { removeIfPossible } from "./files.ts";

/** More than what a file system that calls itself full still has. */
const probeBytes = 1024 * 1024;

/** Makes a directory for a trainer. `makeRoom` is called where the disk is full, before that is an error. */
export async function newDirectory(
  shown: string,
  path: string,
  makeRoom: () => Promise<void> = async () => {},
): Promise<Directory> {
  await explainedAsync(shown, () => mkdir(path, { recursive: true }));
  const write = () => writeFile(join(path, ".probe"), new Uint8Array(probeBytes));
  return {
    path,
    async probe() {
      try {
        await write().catch(async (error) => {
          if (!isFull(error)) throw error;
          await makeRoom();
          await write();
        });
      } catch (error) {
        // What else may be wrong with the directory is the trainer's doing.
        if (isFull(error) || (error as NodeJS.ErrnoException).code === "EROFS") throw explain(shown, error);
      }
    },
    [Symbol.asyncDispose]: () => removeIfPossible(path),
  };
}
