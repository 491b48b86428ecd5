/** Rows of the database as values, and back. JSON has no NaN or infinity: a metric that is not finite is kept as null and read as NaN. */
import type { SQLInputValue, SQLOutputValue } from "node:sqlite";
import type { Decision } from "../algorithm/population-based-training.ts";
import { type Snapshot, snapshotId } from "../algorithm/snapshot.ts";
import type { Failure, PublishedSnapshot, Run, RunState, RunWorker } from "./population-store.ts";
import { type WorkTime, workTime } from "./work-time.ts";

export type Row = Record<string, SQLOutputValue>;

export const snapshotColumns =
  "seq, member, ordinal, kind, parent, donor, generation, step, member_steps, hyperparameters, checkpoint, score, samples, metrics, worker, published_at";

export function snapshotOf(row: Row): PublishedSnapshot {
  return {
    id: snapshotId(row.member as number, row.ordinal as number),
    member: row.member,
    kind: row.kind,
    ...(row.parent !== null && { parent: row.parent }),
    ...(row.donor !== null && { donor: row.donor }),
    generation: row.generation,
    step: row.step,
    memberSteps: row.member_steps,
    hyperparameters: JSON.parse(row.hyperparameters as string),
    ...(row.checkpoint !== null && { checkpoint: row.checkpoint }),
    ...(row.score !== null && { score: row.score }),
    ...(row.samples !== null && { samples: JSON.parse(row.samples as string) }),
    metrics: row.metrics === "{}" ? {} : JSON.parse(row.metrics as string, nullAsNaN),
    publishedAt: row.published_at,
    ...(row.worker !== null && { worker: row.worker }),
  } as PublishedSnapshot;
}

/** A snapshot without the facts of its publication, as `decide` and trainers see it. */
export function plainSnapshotOf(row: Row): Snapshot {
  const { publishedAt, worker, ...snapshot } = snapshotOf(row);
  return snapshot;
}

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
    reason: JSON.parse(row.reason as string, nullAsNaN),
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
  "member, generation, snapshot, hyperparameters, worker, device, phase, cause, against, at, message, stack";

export function failureOf(row: Row): Failure {
  const { member, generation, snapshot, hyperparameters, worker, device, phase, cause, against, ...rest } =
    row;
  const { at, message, stack } = rest;
  return {
    member,
    generation,
    ...(snapshot !== null && { snapshot }),
    ...(hyperparameters !== null && { hyperparameters: JSON.parse(hyperparameters as string) }),
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
export function workerOf({ worker, device, joined_at, seen_at, state }: Row): RunWorker {
  return {
    worker,
    ...(device !== null && { device }),
    joinedAt: joined_at,
    seenAt: seen_at,
    state: JSON.parse(state as string),
  } as RunWorker;
}

/** `active_until` is the time until which somebody has worked on the run. */
export function runOf(row: Row, now: number): Run {
  return {
    id: row.id,
    seed: row.seed,
    experiment: JSON.parse(row.experiment as string),
    ...(row.source !== null && { source: JSON.parse(row.source as string) }),
    ...(row.study !== null && { study: JSON.parse(row.study as string) }),
    ...(row.control_of !== null && { controlOf: row.control_of }),
    ...(row.checkpoints !== null && { checkpoints: row.checkpoints }),
    ...(row.code !== null && { code: JSON.parse(row.code as string) }),
    createdAt: row.created_at,
    state: (row.reason === null ? { kind: row.state } : { kind: row.state, reason: row.reason }) as RunState,
    ...(row.best !== null && { best: row.best }),
    ...workTime(workTimeOf(row), row.active_until as number, now),
  } as Run;
}

export function workTimeOf({ elapsed_ms, running_since }: Row): WorkTime {
  return {
    elapsedMs: elapsed_ms as number,
    ...(running_since !== null && { runningSince: running_since as number }),
  };
}

function nullAsNaN(_key: string, value: unknown): unknown {
  return value === null ? Number.NaN : value;
}
