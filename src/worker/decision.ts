/**
 * Decides what a claimed member continues from. The worker that continues it decides exploit and
 * explore, from the snapshots of its generation and before. In a synchronous run all members have
 * published that generation by then, so every worker would decide the same. The decision is
 * published together with the training that follows it. After a crash it is made again, from the
 * same streams.
 */

import type { RankedPopulation } from "../algorithm/population.ts";
import {
  type Decision,
  decide,
  type Outcome,
  rescue,
} from "../algorithm/population-based-training.ts";
import { type Random, randomStream } from "../algorithm/random.ts";
import type { Snapshot } from "../algorithm/snapshot.ts";
import { ending, stepsLeft } from "../experiment/budget.ts";
import type { Experiment } from "../experiment/experiment.ts";
import type { Claim, Decided, News, Run } from "../population-store/population-store.ts";
import type { KnownPopulation } from "./known-population.ts";
import type { Trouble } from "./standing.ts";
import { isRescueDue, lessonsOf, type Onlooker, troubleOfMember } from "./trouble.ts";

export type Beginning =
  | {
      readonly kind: "train";
      readonly from: Snapshot;
      readonly decided: Decided;
      /** A rescue was due, but no member could be its donor. */
      readonly isWithoutDonor: boolean;
    }
  /** It keeps failing, and continues from a donor. */
  | { readonly kind: "rescue"; readonly decision: Decision; readonly from: Snapshot }
  /** It leaves the run, after a last evaluation if there is a held-out metric. */
  | {
      readonly kind: "leave";
      readonly state: "finished" | "stopped";
      readonly decision?: Decision;
      readonly reason?: string;
    }
  /** The run is over. */
  | { readonly kind: "end"; readonly reason: string }
  /** It waits for its donors. */
  | { readonly kind: "wait" };

export interface Deciding {
  readonly run: Run;
  readonly experiment: Experiment;
  readonly population: KnownPopulation;
  readonly onlooker: Onlooker;
  /** The run's work time. */
  readonly elapsedMs: () => number;
}

export async function beginningOf(
  deciding: Deciding,
  claim: Claim,
  news: News | undefined,
): Promise<Beginning> {
  const { newest } = claim;
  // A budget that was changed may leave nothing to a member that goes on.
  if (stepsLeft(deciding.experiment.budget, newest) <= 0)
    return { kind: "leave", state: "finished" };
  let outcome: Outcome | undefined;
  if (claim.undecided) {
    const { population, experiment } = deciding;
    const view = await population.with(news, newest.generation);
    const peers = await view.upTo(newest.generation);
    const end = endOf(deciding, experiment.synchronous ? peers : view.now);
    if (end) return end;
    const failed = await lessonsOf(deciding.onlooker, claim);
    const keptOf = (donor: Snapshot) => view.keptOf(donor);
    outcome = decide(experiment.strategies, newest, peers, random(deciding, claim, "decide"), {
      failed,
      keptOf,
      isAtEnd: endsOf(experiment),
    });
    const { decision } = outcome;
    if (decision.kind === "stop") return { kind: "leave", state: "stopped", decision };
  }
  const trouble = claim.failures > 0 ? await troubleOfMember(deciding.onlooker, claim) : undefined;
  const isDue = trouble !== undefined && (await isRescueDue(deciding.onlooker, trouble));
  const rescued = isDue ? await rescueOf(deciding, claim, trouble) : undefined;
  if (rescued) return rescued;
  return {
    kind: "train",
    from: outcome?.next ?? newest,
    decided: {
      ...(outcome && { decision: outcome.decision }),
      ...(outcome?.next && { from: outcome.next }),
    },
    isWithoutDonor: isDue,
  };
}

/** Whether weights must not be trained any more. */
function endsOf({ budget: { stepsPerModel } }: Experiment): (weights: Snapshot) => boolean {
  return ({ step }) => step >= (stepsPerModel ?? Infinity);
}

/** What ends the member or its run, if a publication has not done so. */
function endOf(
  { experiment, elapsedMs }: Deciding,
  { totalSteps, best }: RankedPopulation,
): Beginning | undefined {
  if (endsAtPublication(experiment)) return undefined;
  const { objective } = experiment;
  const now = { totalSteps, elapsedMs: elapsedMs(), score: best?.score };
  const reason = ending(experiment, now);
  if (reason === undefined) return undefined;
  if (objective.final === undefined) return { kind: "end", reason };
  return { kind: "leave", state: "finished", reason };
}

/**
 * Whether the publication that spends the run's budget ends the run. In a synchronous run all
 * members reach the same generation first. With a held-out metric each member has its last
 * evaluation first.
 */
export function endsAtPublication({ synchronous, objective }: Experiment): boolean {
  return !synchronous && objective.final === undefined;
}

/** Undefined without a donor. */
async function rescueOf(
  deciding: Deciding,
  claim: Claim,
  { failures, rescues }: Trouble,
): Promise<Beginning | undefined> {
  const { population, experiment, onlooker } = deciding;
  if (await waitsForDonors(deciding, claim)) return { kind: "wait" };
  const { now } = await population.with(undefined, claim.newest.generation);
  const tried = failures.at(-1)?.hyperparameters ?? claim.newest.hyperparameters;
  const member = { ...claim.newest, hyperparameters: tried };
  const rescued = rescue(experiment.strategies, member, now, random(deciding, claim, "rescue"), {
    why: `${failures.length} failures in a row`,
    failed: await lessonsOf(onlooker, claim),
    explores: rescues === 0,
    isAtEnd: endsOf(experiment),
  });
  return rescued && { kind: "rescue", decision: rescued.decision, from: rescued.next! };
}

/**
 * In a synchronous run the donors are all members that have ended the failed generation, so that a
 * rescue does not depend on the order of workers. A member that needs a rescue itself is not a
 * donor in that generation. Of two such members the one with the lower number comes first.
 */
async function waitsForDonors(
  { experiment, onlooker, run }: Deciding,
  { member, newest }: Claim,
): Promise<boolean> {
  if (!experiment.synchronous) return false;
  for (const other of await onlooker.populationStore.members(run.id)) {
    const isBehind = other.state === "active" && other.newest.generation <= newest.generation;
    if (!isBehind || other.member === member) continue;
    if (other.member < member || other.failures === 0) return true;
    if (!(await isRescueDue(onlooker, await troubleOfMember(onlooker, other)))) return true;
  }
  return false;
}

function random({ run }: Deciding, { newest }: Claim, purpose: string): Random {
  return randomStream(run.seed, purpose, newest.member, newest.generation);
}
