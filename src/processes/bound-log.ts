import {
  closeSync,
  fstatSync,
  ftruncateSync,
  openSync,
  readSync,
  renameSync,
  writeSync,
} from "node:fs";
import { maxLogBytes } from "../trainer/command/member-log.ts";

/**
 * When a log is larger than 16 MiB, its last 16 MiB are kept beside it, as `.1`, and it is
 * emptied. Processes that have opened it for appending continue at its new end. Only what is
 * written between the last read and the cut is lost. A log that cannot be bounded, as on a full
 * disk, stays unchanged.
 */
export function boundLog(path: string, maxBytes = maxLogBytes): void {
  try {
    using log = opened(path, "r+");
    const { size } = fstatSync(log.file);
    if (size <= maxBytes) return;
    copyFrom(log.file, size - maxBytes, `${path}.new`);
    ftruncateSync(log.file);
    renameSync(`${path}.new`, `${path}.1`);
  } catch {
    // A log line is not worth an error.
  }
}

/** Copies a file to its end, including what is written meanwhile. */
function copyFrom(file: number, start: number, to: string): void {
  using copy = opened(to, "w");
  const chunk = Buffer.alloc(1024 * 1024);
  for (let position = start; ; ) {
    const bytes = readSync(file, chunk, 0, chunk.length, position);
    if (bytes === 0) return;
    writeSync(copy.file, chunk, 0, bytes);
    position += bytes;
  }
}

function opened(path: string, flags: string): { readonly file: number } & Disposable {
  const file = openSync(path, flags);
  return { file, [Symbol.dispose]: () => closeSync(file) };
}
