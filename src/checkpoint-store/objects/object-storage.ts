/**
 * Objects under names, as shared file systems and object stores keep them for many machines.
 * Objects never change and no name is used twice, so nothing needs a lock and no answer is stale:
 * an object is there, whole, or it is not. Storages pass `objectStorageConformance` of
 * `clade/testing/node`.
 */
import { CladeError } from "../../algorithm/clade-error.ts";

/** What an object is made of: bytes, or a file of this machine. */
export type ObjectSource = Uint8Array | { readonly path: string; readonly size: number };

/** An object as a listing shows it. */
export interface StoredObject {
  /** Parts separated by slashes: letters, digits, and the other characters of a run's id. */
  readonly key: string;
  /** Bytes. */
  readonly size: number;
}

/**
 * A place for objects by key, such as a bucket or a directory that machines share. Storages pass
 * `objectStorageConformance` of `clade/testing/node`.
 */
export interface ObjectStorage extends AsyncDisposable {
  /** The URL without secrets, for messages. */
  readonly shown: string;
  /**
   * Milliseconds after `put` during which another machine may not find an object, since a shared
   * file system remembers that a name was not there.
   */
  readonly delayMs: number;
  /**
   * Writes an object under a new name. Resolves once it is whole and durable. A caller that does
   * not know whether a call succeeded may call again. Readers find nothing until then.
   */
  put(key: string, source: ObjectSource): Promise<void>;
  /** Reads an object into memory. Throws `MissingObjectError`, also when it has another size. */
  read(key: string, size?: number): Promise<Uint8Array>;
  /**
   * Writes an object into a file of this machine, which must not be there. Resolves the SHA-256 of
   * what was written. Throws `MissingObjectError`, also when it has another size.
   */
  download(key: string, path: string, size: number): Promise<string>;
  /**
   * Everything whose name has the prefix, in no order. It includes half-written objects, whose
   * size is unknown and given as 0.
   */
  list(prefix: string): Promise<readonly StoredObject[]>;
  /** Deletes objects, and half-written ones under their names. Missing ones are ignored. */
  delete(keys: readonly string[]): Promise<void>;
}

/** There is no object with that key. */
export class MissingObjectError extends CladeError {}
