/**
 * Objects under names, as shared file systems and object stores keep them for many machines.
 * Nothing is ever changed and no name is used twice, so there is nothing to lock, and no answer
 * that may be old: an object is there, whole, or it is not. Storages pass
 * `objectStorageConformance` of `clade/testing`.
 */
import { CladeError } from "../../algorithm/clade-error.ts";

/** What an object is made of: bytes, or a file of this machine. */
export type ObjectSource = Uint8Array | { readonly path: string; readonly size: number };

export interface StoredObject {
  /** Parts with slashes between them: letters, digits, and what else a run's id has. */
  readonly key: string;
  /** Bytes. */
  readonly size: number;
}

export interface ObjectStorage extends AsyncDisposable {
  /** The URL without secrets, for messages. */
  readonly shown: string;
  /**
   * For so long after `put`, in milliseconds, another machine may not find an object: a shared
   * file system remembers what was not there.
   */
  readonly delayMs: number;
  /**
   * Writes an object under a name that nobody has used before. Resolves once it is whole and
   * durable; may be called again when it is not known whether it came through. Whoever reads
   * meanwhile finds nothing.
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
   * Everything whose name begins so, what is being written and what was left half-written
   * included; of the latter the size is unknown and 0. In no order.
   */
  list(prefix: string): Promise<readonly StoredObject[]>;
  /**
   * Deletes objects, and what was left half-written under their names. Those that are not there do
   * not matter.
   */
  delete(keys: readonly string[]): Promise<void>;
}

export class MissingObjectError extends CladeError {}
