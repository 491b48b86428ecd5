/**
 * Downloads into a file. Parts arrive side by side, are written as they come, and are hashed in
 * order. Chunks of the network are hashed while they are in the processor's cache, and written
 * without a copy.
 */
import { createHash } from "node:crypto";
import type { FileHandle } from "node:fs/promises";
import { mapConcurrently } from "../map-concurrently.ts";
import { partsInFlight } from "./part-buffers.ts";
import type { Semaphore } from "./semaphore.ts";

/** Fetches from `begin` to before `end`, and hands over the bytes in order. */
export type FetchPart = (
  begin: number,
  end: number,
  take: (bytes: Buffer) => void,
) => Promise<void>;

/** Resolves the SHA-256. `memory` bounds that of all downloads together. */
export async function downloadParts(
  file: FileHandle,
  { size, partBytes, memory }: { size: number; partBytes: number; memory: Semaphore },
  fetchPart: FetchPart,
): Promise<string> {
  const hash = createHash("sha256");
  const count = Math.max(1, Math.ceil(size / partBytes));
  const isHashed = Array.from({ length: count }, () => Promise.withResolvers<void>());
  let next = 0;

  const fetch = async (index: number) => {
    await memory.acquire();
    const begin = index * partBytes;
    const chunks: Buffer[] = [];
    let hashed = 0;
    const hashSoFar = () => {
      for (; hashed < chunks.length; hashed++) hash.update(chunks[hashed]!);
    };
    try {
      await fetchPart(begin, Math.min(begin + partBytes, size), (bytes) => {
        chunks.push(bytes);
        if (index === next) hashSoFar();
      });
      await Promise.all([writeAll(file, begin, chunks), isHashed[index - 1]?.promise]);
      hashSoFar();
    } finally {
      next = index + 1;
      isHashed[index]!.resolve();
      memory.release();
    }
  };
  await mapConcurrently([...isHashed.keys()], fetch, partsInFlight);
  return hash.digest("hex");
}

async function writeAll(
  file: FileHandle,
  position: number,
  chunks: readonly Buffer[],
): Promise<void> {
  if (chunks.length === 0) return;
  let { bytesWritten: done } = await file.writev(chunks, position);
  const size = chunks.reduce((sum, { length }) => sum + length, 0);
  if (done === size) return;
  // As a disk that is nearly full does.
  const rest = Buffer.concat(chunks);
  while (done < size)
    done += (await file.write(rest, done, size - done, position + done)).bytesWritten;
}
