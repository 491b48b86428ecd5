/**
 * Objects in S3-compatible storage. It relies only on what all such storages do: an object appears
 * whole at the end of its upload, and reads see it from then on. It needs no conditional requests,
 * since `ObjectStorage` never uses a name twice.
 */
import { type FileHandle, open, readFile, rm } from "node:fs/promises";
import { CladeError } from "../../algorithm/clade-error.ts";
import {
  MissingObjectError,
  type ObjectSource,
  type ObjectStorage,
} from "../objects/object-storage.ts";
import { downloadParts } from "./download-parts.ts";
import { fetchRange } from "./fetch-range.ts";
import { inParallel, Turns } from "./in-turn.ts";
import { multipartUpload, type ReadPart } from "./multipart-upload.ts";
import { PartBuffers, partsInFlight } from "./part-buffers.ts";
import { S3Connection, type S3Options } from "./s3-connection.ts";
import { abortHalfWritten, deleteObjects, listHalfWritten, listObjects } from "./s3-listing.ts";
import { s3Place } from "./s3-place.ts";

const defaultPartBytes = 8 * 1024 * 1024;

/**
 * Opens `s3://bucket/prefix`. Throws for any other URL; other errors appear with the first
 * request.
 */
export function s3Storage(url: string, options: S3Options = {}): ObjectStorage {
  const place = s3Place(url);
  const { partBytes = defaultPartBytes } = options;
  const connection = new S3Connection(place, options);
  const buffers = new PartBuffers();
  const turns = new Turns(partsInFlight);
  const nameOf = (key: string) => place.prefix + key;

  const missing = (key: string) =>
    new MissingObjectError(
      `checkpoints ${place.shown}: there is no object ${key}; was it deleted?`,
    );
  const expectSize = (key: string, size: number) => (found: number | undefined) => {
    if (found !== size)
      throw new MissingObjectError(
        `checkpoints ${place.shown}: object ${key} has ${found ?? "fewer"} bytes ` +
          `and should have ${size}; did another program write it?`,
      );
  };

  async function putBytes(key: string, Body: Uint8Array): Promise<void> {
    const request = { Bucket: place.bucket, Key: nameOf(key), Body };
    await connection.patiently("s3:PutObject", (s3) => s3.putObject(request));
  }

  const putParts = (key: string, size: number, readPart: ReadPart) =>
    multipartUpload(connection, partBytes, buffers, nameOf(key), size, readPart);

  async function putFile(key: string, path: string, size: number): Promise<void> {
    if (size <= partBytes) {
      const bytes = await readFile(path);
      if (bytes.length !== size) throw changed(path, size);
      return putBytes(key, bytes);
    }
    const file = await open(path);
    try {
      await putParts(key, size, (position, into) => readFully(file, path, position, into));
    } finally {
      await file.close();
    }
  }

  function downloadInto(file: FileHandle, key: string, size: number): Promise<string> {
    const expect = expectSize(key, size);
    const isPart = size > partBytes;
    return downloadParts(file, { size, partBytes, turns }, async (start, end, take) => {
      const found = await fetchRange(
        connection,
        nameOf(key),
        { start, end, isPart },
        expect,
        take,
      );
      if (found === undefined) throw missing(key);
    });
  }

  return {
    shown: place.shown,
    // In every such store a read sees all earlier writes.
    delayMs: 0,

    async put(key: string, source: ObjectSource): Promise<void> {
      if (!(source instanceof Uint8Array)) return putFile(key, source.path, source.size);
      if (source.length <= partBytes) return putBytes(key, source);
      await putParts(key, source.length, async (position, into) => {
        into.set(source.subarray(position, position + into.length));
      });
    },

    async read(key: string, size?: number): Promise<Uint8Array> {
      const name = nameOf(key);
      const expect = size === undefined ? () => {} : expectSize(key, size);
      const first: Buffer[] = [];
      const found = await fetchRange(
        connection,
        name,
        { start: 0, end: partBytes, isPart: (size ?? 0) > partBytes },
        expect,
        (bytes) => first.push(bytes),
      );
      if (found === undefined) throw missing(key);
      const whole = Buffer.allocUnsafeSlow(found);
      let position = 0;
      for (const bytes of first) position += bytes.copy(whole, position);
      const count = Math.ceil(found / partBytes) - 1;
      await inParallel(count, partsInFlight, async (index) => {
        const begin = (index + 1) * partBytes;
        let at = begin;
        const stillThere = await fetchRange(
          connection,
          name,
          { start: begin, end: Math.min(begin + partBytes, found), isPart: true },
          expectSize(key, found),
          (bytes) => {
            at += bytes.copy(whole, at);
          },
        );
        if (stillThere === undefined) throw missing(key);
      });
      return whole;
    },

    async download(key: string, path: string, size: number): Promise<string> {
      const file = await open(path, "wx");
      try {
        return await downloadInto(file, key, size);
      } catch (error) {
        await rm(path, { force: true });
        throw error;
      } finally {
        await file.close();
      }
    },

    async list(prefix: string) {
      const [objects, halfWritten] = await Promise.all([
        listObjects(connection, nameOf(prefix)),
        listHalfWritten(connection, nameOf(prefix)),
      ]);
      const whole = new Set(objects.map(({ key }) => key));
      const others = new Set(halfWritten.map(({ key }) => key).filter((key) => !whole.has(key)));
      const found = [...objects, ...Array.from(others, (key) => ({ key, size: 0 }))];
      return found.map(({ key, size }) => ({ key: key.slice(place.prefix.length), size }));
    },

    async delete(keys: readonly string[]): Promise<void> {
      if (keys.length === 0) return;
      const names = new Set(keys.map(nameOf));
      const halfWritten = await listHalfWritten(connection, commonBeginning([...names]));
      await abortHalfWritten(
        connection,
        halfWritten.filter(({ key }) => names.has(key)),
      );
      await deleteObjects(connection, [...names]);
    },

    [Symbol.asyncDispose]: () => connection.close(),
  };
}

function changed(path: string, size: number): CladeError {
  return new CladeError(
    `${path} no longer has ${size} bytes; files must not change while they are saved`,
  );
}

async function readFully(
  file: FileHandle,
  path: string,
  position: number,
  into: Buffer,
): Promise<void> {
  for (let done = 0; done < into.length; ) {
    const { bytesRead } = await file.read(into, done, into.length - done, position + done);
    if (bytesRead === 0) throw changed(path, position + into.length);
    done += bytesRead;
  }
}

function commonBeginning(names: readonly string[]): string {
  const [first = "", ...others] = names;
  const isShared = (length: number) =>
    others.every((name) => name.startsWith(first.slice(0, length)));
  let length = first.length;
  while (!isShared(length)) length--;
  // Do not split a character.
  return first.slice(0, length).replace(/[\uD800-\uDBFF]$/, "");
}
