import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";

/** Reads ahead by this much, so that the disk and the processor work at the same time. */
const readBytes = 1024 * 1024;

/** The SHA-256 of a file. */
export async function hashFile(path: string): Promise<string> {
  const digest = createHash("sha256");
  for await (const chunk of createReadStream(path, { highWaterMark: readBytes }))
    digest.update(chunk as Buffer);
  return digest.digest("hex");
}
