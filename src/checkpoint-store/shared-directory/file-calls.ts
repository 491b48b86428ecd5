/** The synchronous calls of a shared directory. They run on a thread that does nothing else. */
import { createHash, randomUUID } from "node:crypto";
import {
  closeSync,
  constants,
  copyFileSync,
  type Dirent,
  fstatSync,
  fsyncSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
  unlinkSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { dirname, join, relative } from "node:path";
import type { ObjectSource, StoredObject } from "../objects/object-storage.ts";
import { shareDirectory, shareFile } from "./group-rights.ts";
import { localFileSystem } from "./local-file-system.ts";

export type FileCall =
  | { readonly kind: "put"; readonly key: string; readonly source: ObjectSource }
  | { readonly kind: "read"; readonly key: string; readonly size?: number }
  | { readonly kind: "download"; readonly key: string; readonly to: string; readonly size: number }
  | { readonly kind: "list"; readonly prefix: string }
  | { readonly kind: "delete"; readonly keys: readonly string[] };

export type FileReply =
  | { readonly value: unknown }
  | { readonly error: { readonly code?: string; readonly message: string } };

/** The suffix of a half-written file's name. */
const incomingEnd = /~[0-9a-f-]{36}$/;

/** The code of an error that says that an object is not there. */
export const missingCode = "MISSING";

/** There is nothing under a name, or a directory, or a file where a directory would have to be. */
const goneCodes = new Set(["ENOENT", "EISDIR", "ENOTDIR", "EPERM"]);

/** A thread has one directory. */
let isOwnDisk: boolean | undefined;

const chunkBytes = 4 * 1024 * 1024;

export function makeCall(directory: string, call: FileCall): unknown {
  const place = (key: string) => join(directory, key);
  switch (call.kind) {
    case "put":
      return put(directory, place(call.key), call.source);
    case "read":
      return read(place(call.key), call.size);
    case "download":
      return download(place(call.key), call.to, call.size);
    case "list":
      return list(directory, call.prefix);
    case "delete":
      return remove(directory, call.keys);
  }
}

/**
 * A file is on the disk before it gets its name, unless the disk is this machine's own: a crash
 * that loses the file then ends the worker, too.
 */
function put(directory: string, path: string, source: ObjectSource): void {
  const incoming = `${path}~${randomUUID()}`;
  try {
    // Another process may delete this directory with the last file in it.
    withRetry(() => {
      shareDirectory(dirname(path));
      if (source instanceof Uint8Array) writeFileSync(incoming, source);
      else copyFileSync(source.path, incoming, constants.COPYFILE_FICLONE);
      shareFile(incoming);
    });
    isOwnDisk ??= localFileSystem(directory) !== undefined;
    if (!isOwnDisk) toDisk(incoming);
    renameSync(incoming, path);
  } catch (error) {
    rmSync(incoming, { force: true });
    throw error;
  }
  if (!isOwnDisk) toDisk(dirname(path));
}

function withRetry(work: () => void): void {
  for (let attempt = 0; ; attempt++) {
    try {
      work();
      return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT" || attempt >= 10) throw error;
    }
  }
}

function toDisk(path: string): void {
  const file = openSync(path, "r");
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

function read(path: string, size?: number): Uint8Array {
  const found = size === undefined ? undefined : unlessGone(() => statSync(path).size);
  const bytes = found === size ? unlessGone(() => readFileSync(path)) : undefined;
  if (!bytes || (size !== undefined && bytes.length !== size)) throw missing(path);
  return bytes;
}

function download(path: string, to: string, size: number): string {
  const digest = createHash("sha256");
  const from = unlessGone(() => openSync(path, "r"));
  if (from === undefined) throw missing(path);
  try {
    const found = fstatSync(from);
    if (!found.isFile() || found.size !== size) throw missing(path);
    const target = openSync(to, "wx", 0o444);
    try {
      const chunk = new Uint8Array(Math.min(chunkBytes, Math.max(size, 1)));
      let bytes = 0;
      for (;;) {
        const count = readSync(from, chunk);
        if (count === 0) break;
        digest.update(chunk.subarray(0, count));
        for (let written = 0; written < count; )
          written += writeSync(target, chunk, written, count - written);
        bytes += count;
      }
      if (bytes !== size) throw missing(path);
    } catch (error) {
      rmSync(to, { force: true });
      throw error;
    } finally {
      closeSync(target);
    }
  } finally {
    closeSync(from);
  }
  return digest.digest("hex");
}

function missing(path: string): Error {
  return Object.assign(new Error(`${path}: is missing or has another size`), {
    code: missingCode,
  });
}

function list(directory: string, prefix: string): StoredObject[] {
  const folder = prefix.includes("/") ? join(directory, dirname(`${prefix}.`)) : directory;
  const found: StoredObject[] = [];
  for (const path of filesBelow(folder)) {
    const name = relative(directory, path).replaceAll("\\", "/");
    if (!name.startsWith(prefix)) continue;
    const key = name.replace(incomingEnd, "");
    const size = key === name ? statSync(path, { throwIfNoEntry: false })?.size : 0;
    if (size !== undefined) found.push({ key, size });
  }
  return found;
}

/** Files and folders may be deleted meanwhile. */
function filesBelow(folder: string): string[] {
  return entriesOf(folder).flatMap((entry) => {
    const path = join(folder, entry.name);
    return entry.isDirectory() ? filesBelow(path) : [path];
  });
}

function entriesOf(folder: string): Dirent[] {
  return unlessGone(() => readdirSync(folder, { withFileTypes: true })) ?? [];
}

function remove(directory: string, keys: readonly string[]): void {
  const folders = new Map<string, Set<string>>();
  for (const key of keys) {
    const path = join(directory, key);
    unlessGone(() => unlinkSync(path));
    const names = folders.get(dirname(path)) ?? new Set();
    folders.set(dirname(path), names.add(path));
  }
  for (const [folder, paths] of folders) {
    for (const entry of entriesOf(folder)) {
      const { name } = entry;
      const path = join(folder, name);
      if (entry.isDirectory()) removeEmptyFolders(path);
      if (incomingEnd.test(name) && paths.has(path.replace(incomingEnd, "")))
        unlessGone(() => unlinkSync(path));
    }
    removeWhileEmpty(directory, folder);
  }
}

/** A process that was killed after it deleted a directory's last file has left the directory. */
function removeEmptyFolders(folder: string): void {
  for (const entry of entriesOf(folder))
    if (entry.isDirectory()) removeEmptyFolders(join(folder, entry.name));
  removeIfEmpty(folder);
}

function removeWhileEmpty(directory: string, folder: string): void {
  let empty = folder;
  while (empty.length > directory.length && removeIfEmpty(empty)) empty = dirname(empty);
}

/** Returns whether it was deleted. It may have a file again, or may never have existed. */
function removeIfEmpty(folder: string): boolean {
  try {
    rmdirSync(folder);
    return true;
  } catch {
    return false;
  }
}

function unlessGone<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch (error) {
    if (!goneCodes.has((error as NodeJS.ErrnoException).code ?? "")) throw error;
    return undefined;
  }
}
