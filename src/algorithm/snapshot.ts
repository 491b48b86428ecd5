/**
 * A snapshot is an immutable record that a member publishes. Snapshots form a tree through
 * `parent`. Lineage, resume, the audit trail, schedules and the best model are read from it.
 */

/** `member.ordinal`: "3.12" is the 13th snapshot of member 3. */
export type SnapshotId = string & { readonly __brand: "SnapshotId" };

/** The hash of a checkpoint's content, which is also its name in the checkpoint store. */
export type CheckpointId = string & { readonly __brand: "CheckpointId" };

/** A checkpoint's content: bytes by file name. */
export type CheckpointFiles = ReadonlyMap<string, Uint8Array>;

/** What a file of a checkpoint may be called, so that it can be stored anywhere. */
export const checkpointFileName = {
  pattern: /^[\w-][\w.-]*(\/[\w-][\w.-]*)*$/,
  rule:
    "a name in a checkpoint may have letters, digits, dots, dashes, underscores " +
    "and inner slashes",
  remedy: "rename it in the trainer's save()",
};

/** A value of a hyperparameter. Numbers are finite. */
export type HyperparameterValue = number | string | boolean;

/** Values by name. A conditional hyperparameter that does not apply is absent. */
export type Hyperparameters = { readonly [name: string]: HyperparameterValue | undefined };

/**
 * - `initial`: the root of a member, before any training; it has no checkpoint
 * - `trained`: the end of a generation
 * - `copied`: made by an exploit: weights, hyperparameters or both come from a donor
 * - `explored`: new hyperparameters without a donor
 * - `restarted`: fresh weights, by a strategy that trains one model after another; like an initial
 *   snapshot it has no parent
 * - `evaluated`: a copy whose weights were scored again by its recipient
 * - `recovered`: a return to an older snapshot, because the newest checkpoint could not be read
 */
type SnapshotKind =
  | "initial"
  | "trained"
  | "copied"
  | "explored"
  | "restarted"
  | "evaluated"
  | "recovered";

/**
 * Whether a snapshot's score was earned by its own member. A copy carries its donor's until it has
 * been trained or evaluated, and fresh weights have none.
 */
export function isEarned({ kind }: Pick<Snapshot, "kind">): boolean {
  return kind !== "copied" && kind !== "explored" && kind !== "restarted";
}

/** What lineages, schedules and figures are made of. */
export interface TreeSnapshot<H = Hyperparameters> {
  readonly id: SnapshotId;
  readonly member: number;
  readonly kind: SnapshotKind;
  /** Where the weights come from; absent for fresh ones. */
  readonly parent?: SnapshotId;
  /**
   * Where copied hyperparameters come from, or the weights where only these were copied. Differs
   * from `parent` when the weights are the member's own or another donor's.
   */
  readonly donor?: SnapshotId;
  /** Generations that the member has completed. */
  readonly generation: number;
  /** Training steps of the lineage: what the weights have seen. */
  readonly step: number;
  /**
   * Training steps that the member has done itself, without those of its copies. The budget counts
   * these.
   */
  readonly memberSteps: number;
  readonly hyperparameters: H;
  /**
   * The objective as reported. Absent before the first evaluation, and when it is missing, NaN or
   * infinite.
   */
  readonly score?: number;
}

/** Of an experiment with hyperparameters of type H, whose trainer gives metrics named M. */
export interface Snapshot<H = Hyperparameters, M extends string = string> extends TreeSnapshot<H> {
  /** Absent for initial weights, which follow from the run's seed. */
  readonly checkpoint?: CheckpointId;
  /** Independent measurements behind the score, such as the last 10 episode returns. */
  readonly samples?: readonly number[];
  readonly metrics: Metrics<M>;
}

/** Numbers by name. Those of the last evaluation alone are absent from the others. */
export type Metrics<M extends string = string> = string extends M
  ? Readonly<Record<string, number>>
  : { readonly [metric in M]?: number };

export function snapshotId(member: number, ordinal: number): SnapshotId {
  return `${member}.${ordinal}` as SnapshotId;
}

export function ordinalOf(id: SnapshotId): number {
  return Number(id.slice(id.indexOf(".") + 1));
}

export function memberOf(id: SnapshotId): number {
  return Number(id.slice(0, id.indexOf(".")));
}
