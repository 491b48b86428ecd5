/**
 * Objects in S3-compatible storage. It relies only on what all such storages do: an object appears
 * whole at the end of its upload, and reads see it from then on. It needs no conditional requests,
 * since `ObjectStorage` never uses a name twice.
 */
import { type FileHandle, open, readFile, rm } from "node:fs/promises";
import { CladeError } from "../../algorithm/clade-error.ts";
import { mapConcurrently } from "../map-concurrently.ts";
import {
  MissingObjectError,
  type ObjectSource,
  type ObjectStorage,
  type StoredObject,
} from "../objects/object-storage.ts";
import { downloadParts } from "./download-parts.ts";
import { fetchRange, type Range } from "./fetch-range.ts";
import { multipartUpload, type ReadPart } from "./multipart-upload.ts";
import { PartBuffers, partsInFlight } from "./part-buffers.ts";
import { S3Connection, type S3Options } from "./s3-connection.ts";
import { abortHalfWritten, deleteObjects, listHalfWritten, listObjects } from "./s3-listing.ts";
import { type S3Place, s3Place } from "./s3-place.ts";
import { Semaphore } from "./semaphore.ts";

const defaultPartBytes = 8 * 1024 * 1024;

/**
 * Opens `s3://bucket/prefix`. Throws for any other URL; other errors appear with the first
 * request.
 */
export function s3Storage(url: string, options: S3Options = {}): ObjectStorage {
  const place = s3Place(url);
  const connection = new S3Connection(place, options);
  const objects = new S3Objects(place, connection, options.partBytes);
  return {
    shown: place.shown,
    // In every such store a read sees all earlier writes.
    delayMs: 0,
    put: (key, source) => objects.put(key, source),
    read: (key, size) => objects.read(key, size),
    download: (key, path, size) => objects.download(key, path, size),
    list: (prefix) => objects.list(prefix),
    delete: (keys) => objects.delete(keys),
    [Symbol.asyncDispose]: () => connection.close(),
  };
}

class S3Objects {
  readonly #place: S3Place;
  readonly #connection: S3Connection;
  readonly #partBytes: number;
  readonly #buffers = new PartBuffers();
  readonly #downloads = new Semaphore(partsInFlight);

  constructor(place: S3Place, connection: S3Connection, partBytes = defaultPartBytes) {
    this.#place = place;
    this.#connection = connection;
    this.#partBytes = partBytes;
  }

  async put(key: string, source: ObjectSource): Promise<void> {
    if (!(source instanceof Uint8Array)) return this.#putFile(key, source.path, source.size);
    if (source.length <= this.#partBytes) return this.#putBytes(key, source);
    await this.#putParts(key, source.length, async (position, into) => {
      into.set(source.subarray(position, position + into.length));
    });
  }

  async #putFile(key: string, path: string, size: number): Promise<void> {
    if (size <= this.#partBytes) {
      const bytes = await readFile(path);
      if (bytes.length !== size) throw changed(path, size);
      return this.#putBytes(key, bytes);
    }
    const file = await open(path);
    try {
      await this.#putParts(key, size, (position, into) => readFully(file, path, position, into));
    } finally {
      await file.close();
    }
  }

  async #putBytes(key: string, Body: Uint8Array): Promise<void> {
    const request = { Bucket: this.#place.bucket, Key: this.#nameOf(key), Body };
    await this.#connection.withRetry("s3:PutObject", (s3) => s3.putObject(request));
  }

  #putParts(key: string, size: number, readPart: ReadPart): Promise<void> {
    const name = this.#nameOf(key);
    return multipartUpload(this.#connection, this.#partBytes, this.#buffers, name, size, readPart);
  }

  async read(key: string, size?: number): Promise<Uint8Array> {
    const partBytes = this.#partBytes;
    const first: Buffer[] = [];
    const found = await this.#fetch(
      key,
      { start: 0, end: partBytes, isPart: (size ?? 0) > partBytes },
      size,
      (bytes) => first.push(bytes),
    );
    const whole = Buffer.allocUnsafeSlow(found);
    let position = 0;
    for (const bytes of first) position += bytes.copy(whole, position);
    const readPart = async (start: number) => {
      let at = start;
      const end = Math.min(start + partBytes, found);
      await this.#fetch(key, { start, end, isPart: true }, found, (bytes) => {
        at += bytes.copy(whole, at);
      });
    };
    const rest = Array.from(
      { length: Math.ceil(found / partBytes) - 1 },
      (_, index) => (index + 1) * partBytes,
    );
    await mapConcurrently(rest, readPart, partsInFlight);
    return whole;
  }

  async download(key: string, path: string, size: number): Promise<string> {
    const file = await open(path, "wx");
    const partBytes = this.#partBytes;
    const isPart = size > partBytes;
    const how = { size, partBytes, memory: this.#downloads };
    try {
      return await downloadParts(file, how, async (start, end, take) => {
        await this.#fetch(key, { start, end, isPart }, size, take);
      });
    } catch (error) {
      await rm(path, { force: true });
      throw error;
    } finally {
      await file.close();
    }
  }

  /**
   * Fetches a range of an object, and resolves the size of the whole. Throws `MissingObjectError`,
   * also when it has another size.
   */
  async #fetch(
    key: string,
    range: Range,
    size: number | undefined,
    take: (bytes: Buffer) => void,
  ): Promise<number> {
    const expect = (found: number | undefined) => {
      if (size !== undefined && found !== size) throw this.#otherSize(key, size, found);
    };
    const found = await fetchRange(this.#connection, this.#nameOf(key), range, expect, take);
    if (found !== undefined) return found;
    throw new MissingObjectError(
      `checkpoints ${this.#place.shown}: there is no object ${key}; was it deleted?`,
    );
  }

  #otherSize(key: string, size: number, found: number | undefined): MissingObjectError {
    return new MissingObjectError(
      `checkpoints ${this.#place.shown}: object ${key} has ${found ?? "fewer"} bytes ` +
        `and should have ${size}; did another program write it?`,
    );
  }

  async list(prefix: string): Promise<readonly StoredObject[]> {
    const [objects, halfWritten] = await Promise.all([
      listObjects(this.#connection, this.#nameOf(prefix)),
      listHalfWritten(this.#connection, this.#nameOf(prefix)),
    ]);
    const whole = new Set(objects.map(({ key }) => key));
    const others = new Set(halfWritten.map(({ key }) => key).filter((key) => !whole.has(key)));
    const found = [...objects, ...Array.from(others, (key) => ({ key, size: 0 }))];
    return found.map(({ key, size }) => ({ key: key.slice(this.#place.prefix.length), size }));
  }

  async delete(keys: readonly string[]): Promise<void> {
    if (keys.length === 0) return;
    const names = new Set(keys.map((key) => this.#nameOf(key)));
    const halfWritten = await listHalfWritten(this.#connection, commonBeginning([...names]));
    await abortHalfWritten(
      this.#connection,
      halfWritten.filter(({ key }) => names.has(key)),
    );
    await deleteObjects(this.#connection, [...names]);
  }

  #nameOf(key: string): string {
    return this.#place.prefix + key;
  }
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
