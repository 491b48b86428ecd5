/**
 * The contract of a checkpoint store: the checkpoints of one run, each stored once under the hash
 * of its content. To copy a model, write its id elsewhere. Stores pass
 * `checkpointStoreConformance` of `clade/testing`.
 */
import { CladeError } from "../algorithm/clade-error.ts";
import { BadInputError } from "../algorithm/problem.ts";
import {
  type CheckpointFiles,
  type CheckpointId,
  checkpointFileName,
} from "../algorithm/snapshot.ts";

/** Where the models of one run are kept, each under the hash of its content. */
export interface CheckpointStore extends AsyncDisposable {
  /**
   * Stores the files and resolves their id once they survive the death of this process. The store
   * calls `reserve` with the id before it relies on anything that exists already; what a
   * reservation protects is not collected. `base` is a checkpoint that stays for as long as a
   * reservation can succeed, such as the one that was trained from. A store may refer to its files
   * where they are equal.
   */
  save(files: CheckpointFiles, reserve: Reserve, base?: CheckpointId): Promise<CheckpointId>;
  /** Reads a checkpoint and checks every hash. Throws `CheckpointError`. */
  load(id: CheckpointId): Promise<CheckpointFiles>;
  /** Lists what is stored, which may take a while, and resolves a sweep of it. */
  beginSweep(how?: SweepOptions): Promise<Sweep>;
  /**
   * Milliseconds. Unless it is quiet, a sweep frees only what an earlier sweep of this process
   * found dead at least this long ago. Without this a sweep frees at once.
   */
  readonly settleMs?: number;
  /** Removes every checkpoint of the run. */
  remove(): Promise<void>;
  /**
   * Marks the place as that run's, for programs, which choose places themselves. Throws a
   * `BadInputError` where it is another run's, whose models a sweep would delete.
   */
  own?(run: string): Promise<void>;
  /** For trainers that write and read directories; absent where there is no file system. */
  readonly directories?: CheckpointDirectories;
}

/**
 * Checkpoints as directories. Large files are hashed, but linked instead of copied where the file
 * system allows.
 */
export interface CheckpointDirectories {
  /**
   * An empty directory for a trainer to save into. Disposing it deletes it, unless it was saved.
   */
  create(): Promise<Directory>;
  /**
   * Like `save` of the store, with the files of a directory that `create` made. The store owns the
   * directory from then on, and deletes it with the next save or when the store is disposed.
   * Throws `LateWriteError` when a file is written, replaced or created meanwhile, or was in the
   * directory of an earlier save; that earlier checkpoint is damaged from then on.
   */
  save(directory: string, reserve: Reserve, base?: CheckpointId): Promise<CheckpointId>;
  /**
   * Checks, without reading, that a checkpoint is as it was saved. Throws `LateWriteError` when
   * something has written to what this process saved, and `CheckpointError` when the checkpoint is
   * damaged.
   */
  look(id: CheckpointId): Promise<void>;
  /**
   * Checks for the last time what this process saved last, and lets go of it. Throws as `look`
   * does.
   */
  settle(): Promise<void>;
  /**
   * A directory with the files of a checkpoint, read-only, until it is disposed. Changes to them
   * do not change the checkpoint. Only small files, and files written to since they were saved,
   * are checked against their hashes. A caller that loads the files hashes them, or calls
   * `verify`. Throws `CheckpointError`.
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
  /** The run has ended, so no other process saves or collects. */
  readonly isQuiet?: boolean;
}

/**
 * Condemns everything that was listed except the live checkpoints, at once. The caller determines
 * which are live after the listing, and ensures that no process reserves or publishes meanwhile.
 * The function that it returns frees the space later, and resolves the number of deleted files. A
 * store that leaves everything in reach until then relies only on what it wrote itself and on the
 * files of a save's base.
 */
type Sweep = (live: ReadonlySet<CheckpointId>) => () => Promise<number>;

/** A checkpoint is missing or its content does not match its hash. */
export class CheckpointError extends CladeError {
  readonly checkpoint: CheckpointId;

  constructor(checkpoint: CheckpointId, what: string, options?: ErrorOptions) {
    super(`checkpoint ${checkpoint.slice(0, 12)}: ${what}`, options);
    this.checkpoint = checkpoint;
  }
}

/** A place for checkpoints is the first run's that owns it. */
export function requireOwner(place: string, owner: string, run: string): void {
  if (owner === run) return;
  const rule = `has the models of run ${owner}, which run ${run} would delete`;
  const remedy = "give each run a place of its own: the option's function is told the run's name";
  throw new BadInputError([{ path: "checkpoints", value: place, rule, remedy }]);
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
