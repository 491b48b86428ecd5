/** What the rows of the database's tables mean. */
import type { SQLOutputValue } from "node:sqlite";
import type { Decision } from "../algorithm/population-based-training.ts";
import {
  ordinalOf,
  type Snapshot,
  type SnapshotId,
  snapshotId,
  type TreeSnapshot,
} from "../algorithm/snapshot.ts";
import type { Plain, Row } from "../database/sql.ts";
import {
  flag,
  json,
  jsonText,
  jsonWithNaN,
  type Kind,
  nullable,
  optional,
  plain,
  table,
} from "../database/table.ts";
import type { StoredMember } from "./member-lifecycle.ts";
import {
  DamagedRowError,
  type DamagedRun,
  type Failure,
  type NewRun,
  type PublishedSnapshot,
  type Run,
  type RunNote,
  type RunState,
  type RunWorker,
} from "./population-store.ts";
import { type WorkTime, workTime } from "./work-time.ts";

/** `nameOf` names a row, such as "snapshot 3.12". */
function damaged(nameOf: (row: Row) => string) {
  return (row: Row, column: string, cause: unknown) =>
    new DamagedRowError(
      `${nameOf(row)}: its ${column} in the store cannot be read: the row is damaged, or was ` +
        "changed by another program; restore the database from a copy, or remove the run",
      { cause },
    );
}

/** The columns `member` and `ordinal` have the id. */
const snapshots = table<Omit<Snapshot, "id">>(
  "snapshots",
  {
    member: plain,
    kind: plain,
    parent: plain,
    donor: plain,
    generation: plain,
    step: plain,
    memberSteps: plain,
    hyperparameters: json,
    checkpoint: plain,
    score: plain,
    samples: optional(json),
    metrics: jsonWithNaN,
  },
  damaged((row) => `snapshot ${idOf(row)}`),
);

function idOf({ member, ordinal }: Row): SnapshotId {
  return snapshotId(member as number, ordinal as number);
}

/** As `decide` and trainers see it. Throws a `DamagedRowError` that names the snapshot. */
export function snapshotOf(row: Row): Snapshot {
  return { id: idOf(row), ...snapshots.read(row) };
}

export function publishedSnapshotOf(row: Row): PublishedSnapshot {
  const { published_at: publishedAt, worker } = row;
  const publication = { publishedAt, ...(worker !== null && { worker }) };
  return { ...snapshotOf(row), ...publication } as PublishedSnapshot;
}

/** In the order of the table: member, ordinal, and the rest of the snapshot. */
export function snapshotValues(snapshot: Snapshot): Plain[] {
  const [member, ...rest] = snapshots.values(snapshot);
  return [member!, ordinalOf(snapshot.id), ...rest];
}

export function insertSnapshot(
  snapshot: Snapshot,
  others: Parameters<typeof snapshots.insert>[1],
) {
  return snapshots.insert(snapshot, { ordinal: ordinalOf(snapshot.id), ...others });
}

/** As `isEarned`. */
export const earned = "kind NOT IN ('copied', 'explored', 'restarted')";

export const treeColumns =
  "seq, member, ordinal, kind, parent, donor, generation, step, member_steps, " +
  "hyperparameters, score";

/**
 * Reads rows of `treeColumns`, given as lists, in the order of publication. A snapshot shares
 * equal hyperparameters with the member's previous one. So each text is parsed once, and a million
 * snapshots take little memory.
 */
export function treeReader(): (values: readonly SQLOutputValue[]) => TreeSnapshot {
  const newest = new Map<
    SQLOutputValue,
    Pick<TreeSnapshot, "hyperparameters"> & { text: Plain }
  >();
  return (values) => {
    const [, member, ordinal, kind, parent, donor, generation, step, memberSteps, text, score] =
      values as [Plain, number, number, ...Plain[]];
    const before = newest.get(member);
    const hyperparameters =
      before && before.text === text
        ? before.hyperparameters
        : snapshots.readField("hyperparameters", { member, ordinal, hyperparameters: text! });
    newest.set(member, { text: text!, hyperparameters });
    const id = snapshotId(member, ordinal);
    const own = { id, member, kind, generation, step, memberSteps, hyperparameters };
    const snapshot: Record<string, unknown> = own;
    if (parent !== null) snapshot.parent = parent;
    if (score !== null) snapshot.score = score;
    if (donor !== null) snapshot.donor = donor;
    return snapshot as unknown as TreeSnapshot;
  };
}

/** The snapshot that a claim continues from. One left over from an earlier claim is none. */
const begun: Kind = {
  read(text, row) {
    if (text === null) return null;
    const snapshot = jsonWithNaN.read(text, row) as Snapshot;
    return ordinalOf(snapshot.id) > (row.newest as number) ? snapshot : null;
  },
  write: (snapshot) => (snapshot === null ? null : JSON.stringify(snapshot)),
};

export const members = table<StoredMember>(
  "members",
  {
    state: plain,
    newest: plain,
    generation: plain,
    steps: plain,
    undecided: flag,
    failures: plain,
    restarted: plain,
    fencingToken: { ...plain, column: "epoch" },
    worker: nullable,
    until: { ...plain, column: "lease_until" },
    reserved: nullable,
    begun,
  },
  damaged(({ member }) => `member ${member}`),
);

/** In the order of the table's columns: PostgreSQL is given a whole row. */
const decisionRows = table<Decision>(
  "decisions",
  {
    member: plain,
    generation: plain,
    snapshot: plain,
    kind: plain,
    donor: plain,
    weights: flag,
    hyperparameters: flag,
    reason: jsonWithNaN,
  },
  damaged(({ snapshot }) => `the decision about snapshot ${snapshot}`),
);

/** A decision begins with its snapshot, as every export of it does. */
export const decisions: typeof decisionRows = {
  ...decisionRows,
  read(row) {
    const { snapshot, ...others } = decisionRows.read(row);
    return { snapshot, ...others };
  },
};

/** `text` is the kind of a text that may contain any character. */
function failuresWith(text: Kind) {
  return table<Failure>(
    "failures",
    {
      member: plain,
      generation: plain,
      snapshot: plain,
      hyperparameters: optional(json),
      worker: plain,
      device: plain,
      phase: plain,
      cause: plain,
      against: plain,
      at: plain,
      message: text,
      stack: text,
    },
    damaged(
      ({ member, generation }) => `a failure of member ${member} in generation ${generation}`,
    ),
  );
}

export const failures = failuresWith(plain);
/** For a database whose texts cannot have a NUL character. */
export const failuresInJson = failuresWith(jsonText);

export const workers = table<RunWorker>(
  "workers",
  { worker: plain, device: plain, joinedAt: plain, seenAt: plain, state: json },
  damaged(({ worker }) => `worker ${worker}`),
);

export const runs = table<NewRun>(
  "runs",
  {
    id: plain,
    seed: plain,
    experiment: json,
    source: optional(json),
    study: optional(json),
    controlOf: plain,
    checkpoints: plain,
    code: optional(json),
  },
  damaged(({ id }) => `run ${id}`),
);

/** The rows also have the run's id. */
export const notes = table<{ readonly note: RunNote }>(
  "notes",
  { note: json },
  damaged(({ id }) => `run ${id}`),
);

/** The time until which a worker has worked on a run, or still works. */
export function activeUntil({ worked_until, last_published, last_lease }: Row): number {
  return Math.max(worked_until as number, last_published as number, last_lease as number);
}

/** A run with `now`, and what `activeUntil` reads. */
export function runOf(row: Row): Run {
  return {
    ...runs.read(row),
    createdAt: row.created_at as number,
    state: runStateOf(row),
    ...(row.best !== null && { best: row.best as SnapshotId }),
    ...workTime(workTimeOf(row), activeUntil(row), row.now as number),
  };
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

function runStateOf({ state, reason }: Row): RunState {
  return (reason === null ? { kind: state } : { kind: state, reason }) as RunState;
}

export function workTimeOf({ elapsed_ms, running_since }: Row): WorkTime {
  return {
    elapsedMs: elapsed_ms as number,
    ...(running_since !== null && { runningSince: running_since as number }),
  };
}
