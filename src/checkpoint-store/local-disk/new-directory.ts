import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Directory } from "../checkpoint-store.ts";
import { explain, explainedAsync, isFull } from "./disk-errors.ts";
import { removeIfPossible } from "./files.ts";

/** More than what a file system that calls itself full still has. */
const probeBytes = 1024 * 1024;

interface NewDirectory {
  /** Called where the disk is full, before that is an error. */
  readonly makeRoom?: () => Promise<void>;
  /** The directory was saved, and stays for the store to check. */
  readonly isKept: () => boolean;
}

/** Makes a directory for a trainer. */
export async function newDirectory(
  shown: string,
  path: string,
  { makeRoom = async () => {}, isKept }: NewDirectory,
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
        // Any other problem with the directory is the trainer's doing.
        if (isFull(error) || (error as NodeJS.ErrnoException).code === "EROFS")
          throw explain(shown, error);
      }
    },
    async [Symbol.asyncDispose]() {
      if (!isKept()) await removeIfPossible(path);
    },
  };
}
