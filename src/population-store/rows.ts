/**
 * Converts rows of the database to values and back. JSON has no NaN or infinity, so a metric that
 * is not finite is stored as null and read as NaN.
 */
import type { SQLInputValue, SQLOutputValue } from "node:sqlite";
import type { Decision } from "../algorithm/population-based-training.ts";
import {
  type CheckpointId,
  type Hyperparameters,
  ordinalOf,
  type Snapshot,
  type SnapshotId,
  snapshotId,
  type TreeSnapshot,
} from "../algorithm/snapshot.ts";
import type { Row } from "../database/sql.ts";
import type { StoredMember } from "./member-lifecycle.ts";
import {
  DamagedRowError,
  type DamagedRun,
  type Failure,
  type MemberState,
  type PublishedSnapshot,
  type Run,
  type RunId,
  type RunNote,
  type RunState,
  type RunWorker,
  type WorkerId,
} from "./population-store.ts";
import { type WorkTime, workTime } from "./work-time.ts";

export const snapshotColumns =
  "seq, member, ordinal, kind, parent, donor, generation, step, member_steps, " +
  "hyperparameters, checkpoint, score, samples, metrics, worker, published_at";

/** Throws a `DamagedRowError` that names the snapshot. */
export function snapshotOf(row: Row): PublishedSnapshot {
  const id = snapshotId(row.member as number, row.ordinal as number);
  const where = `snapshot ${id}`;
  return {
    id,
    member: row.member,
    kind: row.kind,
    ...(row.parent !== null && { parent: row.parent }),
    ...(row.donor !== null && { donor: row.donor }),
    generation: row.generation,
    step: row.step,
    memberSteps: row.member_steps,
    hyperparameters: json(row, "hyperparameters", where),
    ...(row.checkpoint !== null && { checkpoint: row.checkpoint }),
    ...(row.score !== null && { score: row.score }),
    ...(row.samples !== null && { samples: json(row, "samples", where) }),
    metrics: row.metrics === "{}" ? {} : json(row, "metrics", where, nullAsNaN),
    publishedAt: row.published_at,
    ...(row.worker !== null && { worker: row.worker }),
  } as PublishedSnapshot;
}

/** A snapshot without the facts of its publication, as `decide` and trainers see it. */
export function plainSnapshotOf(row: Row): Snapshot {
  const { publishedAt, worker, ...snapshot } = snapshotOf(row);
  return snapshot;
}

export const treeColumns =
  "seq, member, ordinal, kind, parent, donor, generation, step, member_steps, " +
  "hyperparameters, score";

/** As `isEarned`. */
export const earned = "kind NOT IN ('copied', 'explored', 'restarted')";

/** The column of each part of a member. */
export const memberColumns = {
  state: "state",
  newest: "newest",
  generation: "generation",
  steps: "steps",
  undecided: "undecided",
  failures: "failures",
  restarted: "restarted",
  fencingToken: "epoch",
  worker: "worker",
  until: "lease_until",
  reserved: "reserved",
  begun: "begun",
} as const satisfies { readonly [field in keyof StoredMember]: string };

export const memberFields = Object.keys(memberColumns) as (keyof StoredMember)[];

export function storedMemberOf(row: Row): StoredMember {
  return {
    state: row.state as MemberState,
    newest: row.newest as number,
    generation: row.generation as number,
    steps: row.steps as number,
    undecided: row.undecided === 1,
    failures: row.failures as number,
    restarted: row.restarted as number,
    fencingToken: row.epoch as number,
    worker: row.worker as WorkerId | null,
    until: row.lease_until as number,
    reserved: row.reserved as CheckpointId | null,
    begun: begunOf(row),
  };
}

/** The snapshot that a member's claim continues from. */
export function begunOf(row: Row): Snapshot | null {
  if (row.begun === null) return null;
  const begun = json(row, "begun", `member ${row.member}`, nullAsNaN) as Snapshot;
  // An older one is left over from a claim before the member last published.
  return ordinalOf(begun.id) > (row.newest as number) ? begun : null;
}

/** A part of a member, as the value of its column. */
export function memberValue(member: StoredMember, field: keyof StoredMember) {
  const value = member[field];
  if (typeof value === "boolean") return Number(value);
  return typeof value === "object" && value !== null ? JSON.stringify(value) : value;
}

/**
 * Reads rows of `treeColumns`, given as lists, in the order of publication. A snapshot shares
 * equal hyperparameters with the member's previous one. So each text is parsed once, and a million
 * snapshots take little memory.
 */
export function treeReader(): (values: readonly SQLOutputValue[]) => TreeSnapshot {
  const newest = new Map<number, { text: SQLOutputValue; hyperparameters: Hyperparameters }>();
  return (values) => {
    const [, member, ordinal, kind, parent, donor, generation, step, memberSteps, text, score] =
      values;
    const id = snapshotId(member as number, ordinal as number);
    const before = newest.get(member as number);
    const hyperparameters =
      before && before.text === text
        ? before.hyperparameters
        : (json(
            { hyperparameters: text! },
            "hyperparameters",
            `snapshot ${id}`,
          ) as Hyperparameters);
    newest.set(member as number, { text: text!, hyperparameters });
    const snapshot = {
      id,
      member,
      kind,
      generation,
      step,
      memberSteps,
      hyperparameters,
    } as Writable<TreeSnapshot>;
    if (parent !== null) snapshot.parent = parent as SnapshotId;
    if (score !== null) snapshot.score = score as number;
    if (donor !== null) snapshot.donor = donor as SnapshotId;
    return snapshot;
  };
}

type Writable<T> = { -readonly [name in keyof T]: T[name] };

export function snapshotValues(snapshot: Snapshot, ordinal: number): SQLInputValue[] {
  return [
    snapshot.member,
    ordinal,
    snapshot.kind,
    snapshot.parent ?? null,
    snapshot.donor ?? null,
    snapshot.generation,
    snapshot.step,
    snapshot.memberSteps,
    JSON.stringify(snapshot.hyperparameters),
    snapshot.checkpoint ?? null,
    snapshot.score ?? null,
    snapshot.samples ? JSON.stringify(snapshot.samples) : null,
    JSON.stringify(snapshot.metrics),
  ];
}

export function decisionOf(row: Row): Decision {
  return {
    snapshot: row.snapshot,
    member: row.member,
    generation: row.generation,
    kind: row.kind,
    ...(row.donor !== null && { donor: row.donor }),
    weights: row.weights === 1,
    hyperparameters: row.hyperparameters === 1,
    reason: json(row, "reason", `the decision about snapshot ${row.snapshot}`, nullAsNaN),
  } as Decision;
}

export function decisionValues(decision: Decision): SQLInputValue[] {
  return [
    decision.member,
    decision.generation,
    decision.snapshot,
    decision.kind,
    decision.donor ?? null,
    Number(decision.weights),
    Number(decision.hyperparameters),
    JSON.stringify(decision.reason),
  ];
}

export const failureColumns =
  "member, generation, snapshot, hyperparameters, worker, device, phase, cause, against, " +
  "at, message, stack";

export function failureOf(row: Row): Failure {
  const {
    member,
    generation,
    snapshot,
    hyperparameters,
    worker,
    device,
    phase,
    cause,
    against,
    ...rest
  } = row;
  const { at, message, stack } = rest;
  return {
    member,
    generation,
    ...(snapshot !== null && { snapshot }),
    ...(hyperparameters !== null && {
      hyperparameters: json(row, "hyperparameters", failureName(row)),
    }),
    worker,
    ...(device !== null && { device }),
    ...(phase !== null && { phase }),
    cause,
    against,
    at,
    message,
    stack,
  } as unknown as Failure;
}

function failureName({ member, generation }: Row): string {
  return `a failure of member ${member} in generation ${generation}`;
}

/** The same, for a row whose message and stack are JSON strings. */
export function failureOfJson(row: Row): Failure {
  const text = (column: string) =>
    json(row, column, failureName(row), undefined, "string") as string;
  return failureOf({ ...row, message: text("message"), stack: text("stack") });
}

export function failureValues(failure: Failure): SQLInputValue[] {
  const { member, generation, snapshot, hyperparameters, worker, device, phase } = failure;
  return [
    member,
    generation,
    snapshot ?? null,
    hyperparameters ? JSON.stringify(hyperparameters) : null,
    worker,
    device ?? null,
    phase ?? null,
    failure.cause,
    failure.against,
    failure.at,
    failure.message,
    failure.stack,
  ];
}

/** A row of the table of workers. */
export function workerOf(row: Row): RunWorker {
  const { worker, device, joined_at, seen_at } = row;
  return {
    worker,
    ...(device !== null && { device }),
    joinedAt: joined_at,
    seenAt: seen_at,
    state: json(row, "state", `worker ${worker}`),
  } as RunWorker;
}

/** The time until which a worker has worked on a run, or still works. */
export function activeUntil({ worked_until, last_published, last_lease }: Row): number {
  return Math.max(worked_until as number, last_published as number, last_lease as number);
}

/** A run with `now`, and what `activeUntil` reads. */
export function runOf(row: Row): Run {
  const where = `run ${row.id}`;
  return {
    id: row.id,
    seed: row.seed,
    experiment: experimentOf(row),
    ...(row.source !== null && { source: json(row, "source", where) }),
    ...(row.study !== null && { study: json(row, "study", where) }),
    ...(row.control_of !== null && { controlOf: row.control_of }),
    ...(row.checkpoints !== null && { checkpoints: row.checkpoints }),
    ...(row.code !== null && { code: json(row, "code", where) }),
    createdAt: row.created_at,
    state: runStateOf(row),
    ...(row.best !== null && { best: row.best }),
    ...workTime(workTimeOf(row), activeUntil(row), row.now as number),
  } as Run;
}

/** The runs in some rows: those that `read` can read, and what is known of the others. */
export function runsOf(
  rows: readonly Row[],
  read: (row: Row) => Run,
): { readonly readable: readonly Run[]; readonly damaged: readonly DamagedRun[] } {
  const readable: Run[] = [];
  const damaged: DamagedRun[] = [];
  for (const row of rows) {
    try {
      readable.push(read(row));
    } catch (error) {
      if (!(error instanceof DamagedRowError)) throw error;
      const { id, created_at, checkpoints } = row;
      const facts = { id, createdAt: created_at, ...(checkpoints !== null && { checkpoints }) };
      damaged.push({ ...facts, state: runStateOf(row), why: error.message } as DamagedRun);
    }
  }
  return { readable, damaged };
}

/** Of a row with the columns `id` and `experiment`. */
export function experimentOf(row: Row): Run["experiment"] {
  return json(row, "experiment", `run ${row.id}`) as Run["experiment"];
}

function runStateOf({ state, reason }: Row): RunState {
  return (reason === null ? { kind: state } : { kind: state, reason }) as RunState;
}

export function noteOf(row: Row, run: RunId): RunNote {
  return json(row, "note", `run ${run}`) as RunNote;
}

export function workTimeOf({ elapsed_ms, running_since }: Row): WorkTime {
  return {
    elapsedMs: elapsed_ms as number,
    ...(running_since !== null && { runningSince: running_since as number }),
  };
}

/**
 * Parses a column that holds the JSON of an object or a list, or of a string if `type` says so.
 */
function json(
  row: Row,
  column: string,
  where: string,
  reviver?: (key: string, value: unknown) => unknown,
  type: "object" | "string" = "object",
) {
  let value: unknown;
  let cause: unknown;
  try {
    value = JSON.parse(row[column] as string, reviver);
  } catch (error) {
    cause = error;
  }
  if (typeof value === type && value !== null) return value;
  throw damagedRow(where, column, cause);
}

/** `where` names the row, such as "snapshot 3.12", and `what` the part that cannot be read. */
function damagedRow(where: string, what: string, cause: unknown): DamagedRowError {
  return new DamagedRowError(
    `${where}: its ${what} in the store cannot be read: the row is damaged, or was changed ` +
      "by another program; restore the database from a copy, or remove the run",
    { cause },
  );
}

function nullAsNaN(_key: string, value: unknown): unknown {
  return value === null ? Number.NaN : value;
}
