/**
 * Algorithm 1 of Jaderberg et al. 2017, as far as it is a pure function: what happens to a
 * member when its generation has ended. The worker does the rest of the loop around it:
 *
 *     decide (below): exploit, explore        <- the population up to the member's generation
 *     step until ready; evaluate; save
 *     publish the decision with its reasons, and the trained snapshot, in one transaction
 */
import {
  asExploitation,
  type Exploit,
  type Exploitation,
  type Reason,
} from "./exploit/exploit.ts";
import { apartFromFailed } from "./explore/apart-from-failed.ts";
import {
  asExplored,
  type Explore,
  type Explored,
  exploredIn,
  satisfying,
} from "./explore/explore.ts";
import { type Direction, isBetter, type Population } from "./population.ts";
import { type Random, randomStream } from "./random.ts";
import type { SearchSpace } from "./search-space.ts";
import {
  type Hyperparameters,
  ordinalOf,
  type Snapshot,
  type SnapshotId,
  snapshotId,
} from "./snapshot.ts";
import { strategyPlace } from "./strategy.ts";

/** The strategies of an experiment. */
export interface Strategies {
  readonly space: SearchSpace;
  readonly exploit: Exploit;
  readonly explore: Explore;
  /**
   * The paper explores after a copy. "generation" explores at the end of every generation, copy or
   * not.
   */
  readonly exploreEvery: "copy" | "generation";
  /** No member copies or explores before its lineage has trained this many steps. */
  readonly burnInSteps: number;
}

/** What was decided about a member, on which snapshot, and why. Append-only, like snapshots. */
export interface Decision {
  readonly snapshot: SnapshotId;
  readonly member: number;
  readonly generation: number;
  readonly kind: Exploitation["kind"];
  readonly donor?: SnapshotId;
  readonly weights: boolean;
  readonly hyperparameters: boolean;
  readonly reason: Reason;
}

export interface Rescue {
  readonly why: string;
  /** The hyperparameters with which the member has always failed, besides its present ones. */
  readonly failed?: readonly Hyperparameters[];
  readonly explores?: boolean;
  readonly isAtEnd?: (weights: Snapshot) => boolean;
}

export interface Outcome {
  readonly decision: Decision;
  /** The member's new snapshot, if the decision changed anything. */
  readonly next?: Snapshot;
}

/** What a decision has to know besides the population. */
export interface Known {
  /** The hyperparameters with which the member has always failed. */
  readonly failed?: readonly Hyperparameters[];
  /** What can be copied of a snapshot's member (default: the snapshot itself). */
  readonly keptOf?: (compared: Snapshot) => Snapshot;
  /** Whether weights must not be trained any more (default: never). A copy would be of no use. */
  readonly isAtEnd?: (weights: Snapshot) => boolean;
}

/** Decides about a member that has just been evaluated. `population` includes its snapshot. */
export function decide(
  given: Strategies,
  member: Snapshot,
  population: Population,
  random: Random,
  { failed = [], keptOf = (compared) => compared, isAtEnd = never }: Known = {},
): Outcome {
  const strategies = failed.length > 0 ? learning(given, member, population, failed) : given;
  if (member.step < strategies.burnInSteps) {
    const text = `burn-in: step ${member.step} of ${strategies.burnInSteps}`;
    return { decision: decisionOf(member, { kind: "keep", reason: { text, numbers: {} } }) };
  }
  const { exploit } = strategies;
  const path = strategyPlace("exploit", exploit);
  const chosen = asExploitation(exploit(member, population, random), path);
  const kept = withKept(chosen, keptOf, member, population.direction);
  const exploitation = trainable(kept, isAtEnd);
  if (exploitation.kind === "stop") return { decision: decisionOf(member, exploitation) };
  const place = { member, population, random };
  if (exploitation.kind === "restart") return restarted(strategies, place, exploitation);
  const explores =
    (exploitation.kind === "copy" ? exploitation.explores : undefined) ??
    (exploitation.kind === "copy" || strategies.exploreEvery === "generation");
  return outcome(strategies, place, exploitation, explores);
}

/** Of a donor that is far ahead the weights are copied that it has now, if they are better. */
function withKept(
  exploitation: Exploitation,
  keptOf: (compared: Snapshot) => Snapshot,
  member: Snapshot,
  direction: Direction,
): Exploitation {
  if (exploitation.kind !== "copy" || !exploitation.weights) return exploitation;
  const { donor, reason } = exploitation;
  const kept = keptOf(donor);
  if (kept === donor) return exploitation;
  const when = `as of generation ${kept.generation}`;
  if (!isBetter(direction, kept.score, member.score)) {
    const text = `${reason.text}; but member ${donor.member} is no better ${when}`;
    return { kind: "keep", reason: { ...reason, text } };
  }
  const text = `${reason.text}; member ${donor.member} is copied ${when}`;
  return { ...exploitation, donor: kept, reason: { ...reason, text } };
}

/** A member does not take over weights that must not be trained any more. */
function trainable(
  exploitation: Exploitation,
  isAtEnd: (weights: Snapshot) => boolean,
): Exploitation {
  if (exploitation.kind !== "copy" || !exploitation.weights) return exploitation;
  const { donor, reason } = exploitation;
  if (!isAtEnd(donor)) return exploitation;
  const text = `${reason.text}; but the model of member ${donor.member} has had its steps`;
  return { kind: "keep", reason: { ...reason, text } };
}

const never = () => false;

/**
 * A member that keeps failing continues from a random other of the best fifth, and explores from
 * there, but not where it has failed. If a rescue did not help, it takes the donor's
 * hyperparameters as they are, since the donor trains with them. Undefined without a donor.
 */
export function rescue(
  given: Strategies,
  member: Snapshot,
  population: Population,
  random: Random,
  { why, failed = [], explores = true, isAtEnd = never }: Rescue,
): Outcome | undefined {
  const scored = population.ranked.slice(0, population.scored);
  const donors = scored.filter(
    (other) => other.member !== member.member && other.checkpoint !== undefined && !isAtEnd(other),
  );
  if (donors.length === 0) return undefined;
  const donor = random.pick(donors.slice(0, Math.ceil(donors.length / 5)));
  const reason = { text: `rescued: ${why}`, numbers: {} };
  const strategies = learning(given, member, population, [member.hyperparameters, ...failed]);
  const copy = { kind: "copy", donor, weights: true, hyperparameters: true, reason } as const;
  return outcome(strategies, { member, population, random }, copy, explores);
}

/** What always fails is not tried again. */
function learning(
  strategies: Strategies,
  { member }: Snapshot,
  population: Population,
  values: readonly Hyperparameters[],
): Strategies {
  // What a conditional hyperparameter is drawn as belongs to the draw.
  const settled: Explore = (...given) => exploredIn(strategies.explore, ...given);
  return { ...strategies, explore: apartFromFailed(settled, { member, values }, population) };
}

/**
 * The roots of a run: one initial snapshot for each member, drawn from the space, with the user's
 * values for the first members.
 */
export function initialSnapshots(
  space: SearchSpace,
  population: number,
  seed: number,
  given: readonly Hyperparameters[],
): Snapshot[] {
  return Array.from({ length: population }, (_, member) => {
    const random = randomStream(seed, "initial", member);
    return {
      id: snapshotId(member, 0),
      member,
      kind: "initial",
      generation: 0,
      step: 0,
      memberSteps: 0,
      hyperparameters: completed(space, given[member] ?? {}, random),
      metrics: {},
    };
  });
}

/** Given values, and draws of the others with which they satisfy the space's conditions. */
function completed(space: SearchSpace, given: Hyperparameters, random: Random): Hyperparameters {
  for (;;) {
    const values = space.settle({ ...space.sample(random), ...given }, random);
    if (space.satisfies(values)) return values;
  }
}

/** Where a decision is made. */
interface Place {
  readonly member: Snapshot;
  readonly population: Population;
  readonly random: Random;
}

function outcome(
  strategies: Strategies,
  place: Place,
  exploitation: Extract<Exploitation, { kind: "keep" | "copy" }>,
  explores: boolean,
): Outcome {
  const { member } = place;
  const copies = exploitation.kind === "copy" ? exploitation : undefined;
  if (!copies && !explores) return { decision: decisionOf(member, exploitation) };
  const weightsFrom = copies?.weights ? copies.donor : member;
  const hyperparametersFrom = copies?.hyperparametersFrom ?? copies?.donor;
  const starting = copies?.hyperparameters ? hyperparametersFrom! : member;
  const { hyperparameters, remark } = explores
    ? explored(strategies, starting.hyperparameters, place, weightsFrom)
    : asExplored(
        satisfying(strategies.space, starting.hyperparameters, weightsFrom, place.random),
      );
  const next: Snapshot = {
    ...weightsFrom,
    id: snapshotId(member.member, ordinalOf(member.id) + 1),
    member: member.member,
    kind: copies ? "copied" : "explored",
    parent: weightsFrom.id,
    ...(copies && { donor: (copies.hyperparameters ? hyperparametersFrom! : copies.donor).id }),
    // It will be compared with those who have trained as much.
    generation: isFarAhead(weightsFrom, member) ? weightsFrom.generation : member.generation,
    memberSteps: member.memberSteps,
    hyperparameters,
  };
  return { decision: decisionOf(member, exploitation, remark), next };
}

function isFarAhead(weights: Snapshot, member: Snapshot): boolean {
  return weights.generation > member.generation + 1;
}

function restarted(
  strategies: Strategies,
  place: Place,
  exploitation: Extract<Exploitation, { kind: "restart" }>,
): Outcome {
  const { member } = place;
  const { donor } = exploitation;
  const { hyperparameters, remark } = explored(strategies, donor.hyperparameters, place);
  const next: Snapshot = {
    id: snapshotId(member.member, ordinalOf(member.id) + 1),
    member: member.member,
    kind: "restarted",
    donor: donor.id,
    generation: member.generation,
    step: 0,
    memberSteps: member.memberSteps,
    hyperparameters,
    metrics: {},
  };
  return { decision: decisionOf(member, exploitation, remark), next };
}

function explored(
  { explore, space }: Strategies,
  starting: Hyperparameters,
  { member, population, random }: Place,
  weights?: Snapshot,
): Explored {
  const situation = { step: weights?.step ?? 0, weights, member, population };
  return exploredIn(explore, starting, space, random, situation);
}

function decisionOf(
  { id, member, generation }: Snapshot,
  exploitation: Exploitation,
  remark = "",
): Decision {
  const { kind, reason } = exploitation;
  const text = remark === "" ? reason.text : `${reason.text}; ${remark}`;
  return {
    snapshot: id,
    member,
    generation,
    kind,
    ...("donor" in exploitation && { donor: donorOf(exploitation).id }),
    weights: kind === "copy" && exploitation.weights,
    hyperparameters: kind === "restart" || (kind === "copy" && exploitation.hyperparameters),
    reason: { text, numbers: finiteOf(reason.numbers) },
  };
}

/** Whose weights are copied, or whose hyperparameters where only these are. */
function donorOf(exploitation: Extract<Exploitation, { kind: "copy" | "restart" }>): Snapshot {
  if (exploitation.kind === "restart" || exploitation.weights) return exploitation.donor;
  return exploitation.hyperparametersFrom ?? exploitation.donor;
}

/** The snapshot that a decision makes, if it changes anything. */
export function resultOf({ member, snapshot }: Decision): SnapshotId {
  return snapshotId(member, ordinalOf(snapshot) + 1);
}

/** Stores keep JSON, so an infinite t of constant samples is in the text only. */
function finiteOf(numbers: Reason["numbers"]): Reason["numbers"] {
  return Object.fromEntries(Object.entries(numbers).filter(([, value]) => Number.isFinite(value)));
}
