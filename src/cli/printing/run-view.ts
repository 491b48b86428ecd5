/** What a person wants to know about a run in progress, folded from its events. */
import { median, sum } from "simple-statistics";
import { isBetter } from "../../algorithm/population.ts";
import { type Decision, resultOf } from "../../algorithm/population-based-training.ts";
import type { Snapshot, SnapshotId } from "../../algorithm/snapshot.ts";
import { memberOf } from "../../algorithm/snapshot.ts";
import { nameOf, whatWasCopied } from "../../analysis/what-was-copied.ts";
import { stepsLeft } from "../../experiment/budget.ts";
import { type GroupOf, groupsOf } from "../../experiment/groups.ts";
import type { Failure, Member, Run } from "../../population-store/population-store.ts";
import { elapsedMs } from "../../population-store/population-store.ts";
import type { WorkTime } from "../../population-store/work-time.ts";
import { changes, count, number } from "../../report/words.ts";
import type { RunEvent } from "../../run/watch.ts";
import type { PresentWorker } from "../runs/run-state.ts";

const shownScores = 24;
const keptSnapshots = 32;
const shownCopies = 3;

export interface Progress {
  /** From 0 to 1; undefined for a run that only has a target. */
  readonly share: number;
  readonly secondsLeft: number | undefined;
}

export class RunView {
  readonly run: Run;
  /** The run's work time at the last look. */
  time: WorkTime;
  readonly scores: (number | undefined)[][];
  readonly copies: string[] = [];
  best: Snapshot | undefined;
  copyCount = 0;
  failureCount = 0;
  lastFailure: Failure | undefined;
  /** As they were at the last look. */
  workers: readonly PresentWorker[] = [];
  readonly #recent: Snapshot[][];
  readonly #stopped = new Set<number>();
  readonly #openedAt = Date.now();
  #shareWhenOpened: number | undefined;

  constructor(run: Run) {
    this.run = run;
    this.time = run;
    this.scores = Array.from({ length: run.experiment.population }, () => []);
    this.#recent = this.scores.map(() => []);
  }

  /** Starts from a run that has a history: its members as they are now, without their past. */
  begin(
    members: readonly Member[],
    best: Snapshot | undefined,
    copies: number,
    failures: number,
  ): void {
    for (const { newest, state } of members) {
      this.#snapshot(newest);
      if (state === "stopped") this.#stopped.add(newest.member);
    }
    this.best = best;
    this.copyCount = copies;
    this.failureCount = failures;
  }

  /** Adds an event. Resolves the sentence of a copy, if it is one. */
  apply(event: RunEvent): string | undefined {
    if (event.type === "snapshot") this.#snapshot(event.snapshot);
    if (event.type === "failure") {
      this.failureCount++;
      this.lastFailure = event.failure;
    }
    if (event.type === "decision" && event.decision.kind === "stop")
      this.#stopped.add(event.decision.member);
    if (event.type !== "decision" || event.decision.kind !== "copy") return undefined;
    this.copyCount++;
    const sentence = this.#copy(event.decision);
    this.copies.push(sentence);
    if (this.copies.length > shownCopies) this.copies.shift();
    return sentence;
  }

  newest(member: number): Snapshot | undefined {
    return this.#recent[member]!.at(-1);
  }

  get totalSteps(): number {
    return this.#recent.reduce((sum, snapshots) => sum + (snapshots.at(-1)?.memberSteps ?? 0), 0);
  }

  /** The median of the members' newest scores. */
  get median(): number | undefined {
    return medianOf(this.#recent.map((snapshots) => snapshots.at(-1)?.score));
  }

  /** Members that were stopped leave the rest of their budget unused. */
  #shareOfSteps(): number {
    const left = this.#recent.map((snapshots, member) =>
      this.#stopped.has(member)
        ? 0
        : stepsLeft(this.run.experiment.budget, snapshots.at(-1) ?? { memberSteps: 0, step: 0 }),
    );
    return this.totalSteps / (this.totalSteps + sum(left));
  }

  progress(): Progress {
    const { budget } = this.run.experiment;
    const elapsedSeconds = elapsedMs(this.time, Date.now()) / 1000;
    const shares = [
      this.#shareOfSteps(),
      this.totalSteps / (budget.totalSteps ?? Infinity),
      elapsedSeconds / (budget.wallSeconds ?? Infinity),
    ];
    const share = Math.min(1, Math.max(...shares));
    this.#shareWhenOpened ??= share;
    const gained = share - this.#shareWhenOpened;
    const watchedSeconds = (Date.now() - this.#openedAt) / 1000;
    return {
      share,
      secondsLeft: gained > 0 ? (watchedSeconds / gained) * (1 - share) : undefined,
    };
  }

  #snapshot(snapshot: Snapshot): void {
    const recent = this.#recent[snapshot.member]!;
    recent.push(snapshot);
    if (recent.length > keptSnapshots) recent.shift();
    if (snapshot.kind !== "trained") return;
    const scores = this.scores[snapshot.member]!;
    scores.push(snapshot.score);
    if (scores.length > shownScores) scores.shift();
    if (isBetter(this.run.experiment.objective.direction, snapshot.score, this.best?.score))
      this.best = snapshot;
  }

  #copy(decision: Decision): string {
    const find = (id: SnapshotId) =>
      this.#recent[memberOf(id)]!.find((snapshot) => snapshot.id === id);
    const before = find(decision.snapshot);
    const donor = decision.donor && find(decision.donor);
    const after = find(resultOf(decision));
    return copySentence(decision, { before, donor, after }, groupsOf(this.run.experiment));
  }
}

/** The median of the present values; undefined without any. */
export function medianOf(values: readonly (number | undefined)[]): number | undefined {
  const present = values.filter((value) => value !== undefined);
  return present.length === 0 ? undefined : median(present);
}

/**
 * "member 3 copied member 7 at step 1,200: score 0.71 against 0.83; learningRate 0.01 to 0.012".
 * Missing snapshots are left out.
 */
export function copySentence(
  decision: Decision,
  { before, donor, after }: Partial<Record<"before" | "donor" | "after", Snapshot | undefined>>,
  groupOf: GroupOf,
): string {
  const member = nameOf(decision.member, groupOf);
  const copied = `${member} copied ${whatWasCopied(decision, after, groupOf)}`;
  const step = before ? ` at step ${count(before.step)}` : "";
  const scores =
    before && donor ? `: score ${number(before.score)} against ${number(donor.score)}` : "";
  const moved = before && after ? changes(before.hyperparameters, after.hyperparameters) : "";
  return `${copied}${step}${scores}${moved === "" ? "" : `; ${moved}`}`;
}
