/**
 * The contract of a checkpoint store: the checkpoints of one run, each stored once under the hash
 * of its content. Copying a model is writing its id elsewhere. Stores pass
 * `checkpointStoreConformance` of `clade/testing`.
 */
import { CladeError } from "../algorithm/clade-error.ts";
import {
  type CheckpointFiles,
  type CheckpointId,
  checkpointFileName,
} from "../algorithm/snapshot.ts";

export interface CheckpointStore extends AsyncDisposable {
  /**
   * Stores the files and resolves their id once they survive the death of this process. `reserve`
   * is called with the id before anything that exists already is relied upon; what it protects is
   * not collected. `base` is a checkpoint that stays for as long as a reservation can succeed,
   * such as the one that was trained from: a store may refer to its files where they are equal.
   */
  save(files: CheckpointFiles, reserve: Reserve, base?: CheckpointId): Promise<CheckpointId>;
  /** Reads a checkpoint and checks every hash. Throws `CheckpointError`. */
  load(id: CheckpointId): Promise<CheckpointFiles>;
  /** Looks at what there is, which may take a while, and resolves the sweep of it. */
  beginSweep(how?: SweepOptions): Promise<Sweep>;
  /**
   * A sweep frees only what another of this process found dead so long ago, in milliseconds,
   * unless it is quiet. At once, when left out.
   */
  readonly settleMs?: number;
  /** Removes every checkpoint of the run. */
  remove(): Promise<void>;
  /** For trainers that write and read directories; absent where there is no file system. */
  readonly directories?: CheckpointDirectories;
}

/**
 * Checkpoints as directories. Large files are hashed, and not copied where the file system can
 * link.
 */
export interface CheckpointDirectories {
  /**
   * An empty directory for a trainer to save into. It goes when it is disposed, unless it was
   * saved.
   */
  create(): Promise<Directory>;
  /**
   * Like `save` of the store, with the files of a directory that `create` made. It is the store's
   * from then on, and goes with the next save or with the store. Throws `LateWriteError` when a
   * file is written, replaced or made meanwhile, or was in a directory that was saved before: that
   * checkpoint is damaged from then on.
   */
  save(directory: string, reserve: Reserve, base?: CheckpointId): Promise<CheckpointId>;
  /**
   * Looks, without reading, whether a checkpoint is as it was saved. Throws `LateWriteError` when
   * what this process saved was written to since, and `CheckpointError` when the checkpoint is
   * damaged.
   */
  look(id: CheckpointId): Promise<void>;
  /**
   * Looks for the last time at what this process saved last, and lets it go. Throws as `look`
   * does.
   */
  settle(): Promise<void>;
  /**
   * A directory with the files of a checkpoint, read-only, until it is disposed. What is done to
   * them does not change the checkpoint. Only what is small, and what was written to since it was
   * saved, is checked against its hash: whoever loads the files hashes them, or calls `verify`.
   * Throws `CheckpointError`.
   */
  open(id: CheckpointId): Promise<Directory>;
  /** Reads a checkpoint and checks every hash. Throws `CheckpointError`. */
  verify(id: CheckpointId): Promise<void>;
}

export interface Directory extends AsyncDisposable {
  /** Absolute. */
  readonly path: string;
  /** Rejects with the store's own error when nothing can be written into it, as on a full disk. */
  probe(): Promise<void>;
}

export type Reserve = (id: CheckpointId) => Promise<void>;

export interface SweepOptions {
  /** The run has ended: nobody saves or collects who could get in the way. */
  readonly isQuiet?: boolean;
}

/**
 * Condemns everything that there was but the live checkpoints, at once: the caller has learnt
 * which are live after the look, and sees to it that nobody reserves or publishes meanwhile. What
 * is returned frees the space, later and at leisure; it resolves the number of files that went. A
 * store that takes nothing out of reach until then never relies on what it has not written itself,
 * but for the files of a save's base.
 */
type Sweep = (live: ReadonlySet<CheckpointId>) => () => Promise<number>;

/** A checkpoint is missing or its content is not what its hash says. */
export class CheckpointError extends CladeError {
  readonly checkpoint: CheckpointId;

  constructor(checkpoint: CheckpointId, what: string, options?: ErrorOptions) {
    super(`checkpoint ${checkpoint.slice(0, 12)}: ${what}`, options);
    this.checkpoint = checkpoint;
  }
}

/** One file of a checkpoint, as its manifest lists it. */
export interface ManifestEntry {
  readonly name: string;
  /** Bytes. */
  readonly size: number;
  /** SHA-256 in hexadecimal. */
  readonly sha256: string;
}

/** The text whose SHA-256 is the checkpoint's id: one line a file, in the order of names. */
export function manifestText(entries: readonly ManifestEntry[]): string {
  for (const { name } of entries) {
    const { pattern, rule, remedy } = checkpointFileName;
    if (!pattern.test(name)) throw new CladeError(`${JSON.stringify(name)}: ${rule}; ${remedy}`);
  }
  return entries
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .map(({ name, size, sha256 }) => `${sha256} ${size} ${name}\n`)
    .join("");
}
