/**
 * One generation of a claimed member, as in Algorithm 1: restore what it continues from, step
 * until ready, evaluate, save, publish. Only a rescue, and the score of a copy that is evaluated
 * again, are published before its end.
 */
import { isBetterModel } from "../algorithm/population.ts";
import {
  type CheckpointId,
  type Hyperparameters,
  ordinalOf,
  type Snapshot,
  snapshotId,
} from "../algorithm/snapshot.ts";
import { ending, stepsLeft, totalStepsEnding } from "../experiment/budget.ts";
import type {
  Claim,
  ClaimRequest,
  ClaimResult,
  Decided,
  News,
  PopulationStore,
  Publication,
  Trained,
} from "../population-store/population-store.ts";
import { type Beginning, beginningOf, type Deciding, endsAtPublication } from "./decision.ts";
import type { HeldTrainer } from "./held-trainer.ts";
import { pauseMs } from "./standing.ts";

export interface Training extends Deciding {
  readonly populationStore: PopulationStore;
  readonly trainer: HeldTrainer;
  /** Throws when the generation must not go on. */
  readonly check: () => void;
  /** How the worker claims its next member with the publication, if it does. */
  readonly nextClaim: () => ClaimRequest | undefined;
  readonly onPublished: (publication: Publication) => void;
}

/** The progress of a claim: its member in the store, and what the member is trained with. */
export interface Attempt {
  newest: Snapshot;
  hyperparameters: Hyperparameters;
  /** It needs a donor, but there is none. */
  isWithoutDonor: boolean;
}

export interface Outcome {
  readonly next?: ClaimResult | undefined;
  /** Present if a generation was trained to its end. */
  readonly trained?: { readonly snapshot: Snapshot; readonly steps: number; readonly ms: number };
}

/** Advances a member by a generation, or does what has to happen before that. */
export async function advance(
  training: Training,
  claim: Claim,
  news: News | undefined,
  attempt: Attempt,
): Promise<Outcome> {
  const { populationStore } = training;
  const beginning = await beginningOf(training, claim, news);
  switch (beginning.kind) {
    case "wait":
      await populationStore.releaseMember(claim, pauseMs(1));
      return {};
    case "end":
      await publish(training, claim, { kind: "ended", reason: beginning.reason });
      return {};
    case "leave":
      attempt.isWithoutDonor = true;
      await leave(training, claim, beginning);
      return {};
    case "rescue": {
      const { decision, from } = beginning;
      if (!(await begin(training, claim, from))) return {};
      await publish(training, claim, { kind: "rescued", decision, snapshot: from });
      attempt.newest = from;
      return await train(training, claim, attempt, from, {});
    }
    case "train": {
      const { from, decided, isWithoutDonor } = beginning;
      attempt.isWithoutDonor = isWithoutDonor;
      if (decided.from && !(await begin(training, claim, from))) return {};
      return await train(training, claim, attempt, from, decided);
    }
  }
}

/** Gives the member back if its donor has moved on meanwhile: the next claim decides again. */
async function begin(
  { populationStore }: Training,
  claim: Claim,
  from: Snapshot,
): Promise<boolean> {
  const isBegun = await populationStore.begin(claim, from);
  if (!isBegun) await populationStore.releaseMember(claim);
  return isBegun;
}

async function train(
  training: Training,
  claim: Claim,
  attempt: Attempt,
  given: Snapshot,
  decided: Decided,
): Promise<Outcome> {
  const { experiment, trainer, populationStore } = training;
  attempt.hyperparameters = given.hyperparameters;
  const { budget } = experiment;
  const most = stepsLeft(budget, given);
  const beginning = { ...given, hyperparameters: await trainer.hold(claim, given, most) };
  attempt.hyperparameters = beginning.hyperparameters;
  const isScoredAgain = experiment.reevaluate && beginning.kind === "copied";
  const from = isScoredAgain
    ? await scoreAgain(training, claim, attempt, beginning, decided)
    : beginning;
  const wallMs = (budget.wallSeconds ?? Infinity) * 1000;
  const millisecondsLeft = wallMs - training.elapsedMs();
  const steps = await trainer.train(from, { stepsLeft: most, millisecondsLeft });
  const ms = trainer.trainedMs;
  const isLast = steps >= most || training.elapsedMs() >= wallMs;
  const measurement = await trainer.evaluate(isLast);
  const checkpoint = await trainer.save(
    (id: CheckpointId) => populationStore.reserveCheckpoint(claim, id),
    from.checkpoint,
  );
  training.check();
  const snapshot: Snapshot = {
    id: snapshotId(claim.member, ordinalOf(from.id) + 1),
    member: claim.member,
    kind: "trained",
    parent: from.id,
    generation: from.generation + 1,
    step: from.step + steps,
    memberSteps: from.memberSteps + steps,
    hyperparameters: from.hyperparameters,
    checkpoint,
    ...measurement,
  };
  const next = await publish(
    training,
    claim,
    trained(training, snapshot, isLast, isScoredAgain ? {} : decided),
    training.nextClaim(),
  );
  trainer.keep({ member: claim.member, checkpoint, hyperparameters: from.hyperparameters });
  return { next, trained: { snapshot, steps, ms } };
}

function trained(
  training: Training,
  snapshot: Snapshot,
  isLast: boolean,
  decided: Decided,
): Trained {
  const { experiment, population } = training;
  const best = population.view?.now.best;
  const mayBeBest =
    snapshot.score !== undefined &&
    (!best || isBetterModel(experiment.objective.direction, snapshot, best));
  const ends = endsAtPublication(experiment) ? endOf(training, snapshot) : undefined;
  return { kind: "trained", ...decided, snapshot, isLast, mayBeBest, ...(ends && { ends }) };
}

/** When a publication ends the run. */
function endOf({ experiment, elapsedMs }: Training, { score }: Snapshot): Trained["ends"] {
  const reason = ending(experiment, { totalSteps: 0, elapsedMs: elapsedMs(), score });
  return reason === undefined ? totalStepsEnding(experiment) : { reason };
}

/** The score of a copy as its recipient measures it. */
async function scoreAgain(
  training: Training,
  claim: Claim,
  attempt: Attempt,
  copied: Snapshot,
  decided: Decided,
): Promise<Snapshot> {
  const snapshot = await evaluated(training, claim, copied, false);
  await publish(training, claim, { kind: "evaluated", ...decided, snapshot });
  attempt.newest = snapshot;
  return snapshot;
}

/** The last evaluation of a finished member, if the experiment asks for one. */
async function leave(
  training: Training,
  claim: Claim,
  { state, decision, reason }: Extract<Beginning, { kind: "leave" }>,
): Promise<void> {
  const why = { ...(decision && { decision }), ...(reason !== undefined && { reason }) };
  const left = { kind: "left", state, ...why } as const;
  if (training.experiment.objective.final === undefined) {
    await publish(training, claim, left);
    return;
  }
  await training.trainer.hold(claim, claim.newest, 0);
  const snapshot = await evaluated(training, claim, claim.newest, true);
  await publish(training, claim, { ...left, snapshot });
}

/** A snapshot that the trainer holds, evaluated again. */
async function evaluated(
  { trainer }: Training,
  { member }: Claim,
  { score, samples, ...unmeasured }: Snapshot,
  isLast: boolean,
): Promise<Snapshot> {
  return {
    ...unmeasured,
    id: snapshotId(member, ordinalOf(unmeasured.id) + 1),
    kind: "evaluated",
    parent: unmeasured.id,
    ...(await trainer.evaluate(isLast)),
  };
}

async function publish(
  { populationStore, onPublished }: Training,
  claim: Claim,
  publication: Publication,
  next?: ClaimRequest,
): Promise<ClaimResult | undefined> {
  const result = await populationStore.publish(claim, publication, next);
  onPublished(publication);
  return result;
}
