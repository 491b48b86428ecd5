/** The runs that the cases begin with, and what they do to them. */
import type { Decision } from "../../algorithm/population-based-training.ts";
import {
  type CheckpointId,
  ordinalOf,
  type Snapshot,
  snapshotId,
} from "../../algorithm/snapshot.ts";
import type { Budget } from "../../experiment/budget.ts";
import type { ExperimentDescription } from "../../experiment/experiment.ts";
import {
  beginning,
  type Claim,
  type Failure,
  LeaseLostError,
  type PopulationStore,
  type RunId,
  type Trained,
  type WorkerId,
} from "../../population-store/population-store.ts";
import { assert, assertEqual, assertRejects } from "../assert.ts";

/**
 * Opens the store with a clock, Unix time in milliseconds. Opening it again gives another handle
 * on the same storage where there is one.
 */
export type OpenPopulationStore = (options: {
  readonly now: () => number;
}) => Promise<PopulationStore>;

/** Adds a case that begins with an open store and a new run in it. */
export type Add = (
  name: string,
  scene: Partial<Scene>,
  check: (scene: OpenScene) => Promise<void>,
) => void;

export interface Scene {
  readonly members: number;
  readonly synchronous: boolean;
}

export interface OpenScene {
  readonly store: PopulationStore;
  readonly id: RunId;
  readonly clock: { time: number };
}

export const defaultScene: Scene = { members: 3, synchronous: false };

export async function withScene(
  open: OpenPopulationStore,
  { members, synchronous }: Scene,
  check: (scene: OpenScene) => Promise<void>,
): Promise<void> {
  const clock = { time: 1_700_000_000_000 };
  await using store = await open({ now: () => clock.time });
  const id = newRunId("conformance");
  await store.createRun({ id, seed: 1, experiment: description({}, synchronous) }, roots(members));
  await check({ store, id, clock });
}

let runs = 0;

export function newRunId(name: string): RunId {
  return `${name}-${Date.now().toString(36)}-${runs++}` as RunId;
}

export function description(budget: Budget = {}, synchronous = false): ExperimentDescription {
  const strategy = { name: "test", options: {} };
  return {
    name: "conformance",
    population: 3,
    hyperparameters: { learningRate: "uniform(0, 1)" },
    initial: [],
    objective: { direction: "maximize", metric: "accuracy" },
    ready: strategy,
    exploit: strategy,
    explore: strategy,
    exploreEvery: "copy",
    budget,
    synchronous,
    reevaluate: false,
  };
}

export function root(member: number): Snapshot {
  return {
    id: snapshotId(member, 0),
    member,
    kind: "initial",
    generation: 0,
    step: 0,
    memberSteps: 0,
    hyperparameters: { learningRate: 0.1 + member, optimizer: "sgd" },
    metrics: {},
  };
}

export function roots(count: number): Snapshot[] {
  return Array.from({ length: count }, (_, member) => root(member));
}

/** The end of a generation of 10 steps. */
export function trainedAfter(newest: Snapshot, changes: Partial<Snapshot> = {}): Snapshot {
  const { donor, ...kept } = newest;
  return {
    ...kept,
    id: snapshotId(newest.member, ordinalOf(newest.id) + 1),
    kind: "trained",
    parent: newest.id,
    generation: newest.generation + 1,
    step: newest.step + 10,
    memberSteps: newest.memberSteps + 10,
    metrics: { accuracy: 0.5 },
    ...changes,
  };
}

export function decisionOn(snapshot: Snapshot, kind: Decision["kind"]): Decision {
  const copies = kind === "copy";
  return {
    snapshot: snapshot.id,
    member: snapshot.member,
    generation: snapshot.generation,
    kind,
    ...(copies && { donor: snapshotId(1, 0) }),
    weights: copies,
    hyperparameters: copies,
    reason: { text: "because", numbers: { rank: 3 } },
  };
}

export function failure(member: number, message = "broken"): Failure {
  return {
    member,
    generation: 0,
    snapshot: snapshotId(member, 0),
    hyperparameters: { learningRate: 0.1 + member, λ: "ädäm\u0000" },
    worker: worker(0),
    device: "0,1",
    phase: "train",
    cause: "outside",
    against: "nobody",
    at: 12,
    message,
    stack: `Error: ${message}\n  at x`,
  };
}

export function worker(number: number): WorkerId {
  return `host:1:${number}` as WorkerId;
}

export function checkpoint(name: string): CheckpointId {
  return name as CheckpointId;
}

export async function claim(
  store: PopulationStore,
  id: RunId,
  by = worker(0),
  leaseMs = 60_000,
  warm?: number,
): Promise<Claim> {
  const result = await store.claimMember(id, by, { leaseMs, warm });
  assert(result.kind === "claimed", `expected a claim, got "${result.kind}"`);
  return result.claim;
}

/** Publishes one generation of the claimed member. */
export async function publishTrained(
  store: PopulationStore,
  claimed: Claim,
  publication: Partial<Trained> = {},
): Promise<Snapshot> {
  const snapshot = publication.snapshot ?? trainedAfter(publication.from ?? claimed.newest);
  await store.publish(claimed, { kind: "trained", snapshot, ...publication });
  return snapshot;
}

/** Nothing can be done with the claim any more, and trying changes nothing. */
export async function assertLost(store: PopulationStore, claimed: Claim): Promise<void> {
  const { run: id } = claimed;
  const exists = (await store.runs()).some((run) => run.id === id);
  const before = exists && (await everything(store, id));
  await assertRejects(publishTrained(store, claimed), LeaseLostError, "publish");
  await assertRejects(store.begin(claimed, claimed.newest), LeaseLostError, "begin");
  await assertRejects(store.renewLease(claimed, 1000), LeaseLostError, "renewLease");
  await assertRejects(
    store.reserveCheckpoint(claimed, checkpoint("lost")),
    LeaseLostError,
    "reserve",
  );
  await assertRejects(
    store.recordFailure(claimed, failure(0), "failed"),
    LeaseLostError,
    "recordFailure",
  );
  if (before) assertEqual(await everything(store, id), before, "the store after a refusal");
}

/** All that can be read of a run. */
async function everything(store: PopulationStore, id: RunId): Promise<unknown> {
  return {
    run: await store.run(id),
    members: await store.members(id),
    counts: await store.counts(id),
    changes: await store.changes(id, beginning),
    live: await live(store, id),
  };
}

export async function live(store: PopulationStore, id: RunId): Promise<string[]> {
  let found: string[] = [];
  await store.collect(id, (ids) => {
    found = [...ids].sort();
  });
  return found;
}
