import type { CheckpointId } from "../algorithm/snapshot.ts";
import { filesystemCheckpointStore } from "../checkpoint-store/filesystem/filesystem-checkpoint-store.ts";
import type { Experiment } from "../experiment/experiment.ts";
import { type Evaluation, isCommand } from "../experiment/trainer.ts";
import { sessionOf } from "../trainer/session-of.ts";
import type { TrainerSession, Turn } from "../trainer/trainer-session.ts";
import { restoreFrom, saveTo } from "../worker/checkpoints.ts";
import { requireMetric } from "../worker/measurement.ts";
import { isSame, numbersOf } from "../worker/sameness.ts";
import type { Cost } from "./cost.ts";
import type { Finding, Report } from "./finding.ts";

/** What was saved, and how far a member may continue from it. */
export interface Saved {
  readonly checkpoint: CheckpointId;
  /** The evaluation before the save. */
  readonly before: Evaluation;
  /**
   * Steps trained before the save, and steps to train after it. Together they stay within a
   * member's budget.
   */
  readonly steps: number;
  readonly more: number;
  readonly savedAt: number;
  readonly cost: Cost;
}

/**
 * What the parts of a check share: the experiment, a place for checkpoints, and the started
 * trainers.
 */
export class Trial {
  readonly experiment: Experiment;
  readonly store: ReturnType<typeof filesystemCheckpointStore>;
  /** The member that trains on, and one that is only trained in between. */
  readonly own: Turn;
  readonly other: Turn;
  readonly #report: Report;
  readonly #sessions: TrainerSession[] = [];

  constructor(
    experiment: Experiment,
    directory: string,
    turns: { readonly own: Turn; readonly other: Turn },
    report: Report,
  ) {
    this.experiment = experiment;
    this.store = filesystemCheckpointStore(directory);
    this.own = turns.own;
    this.other = turns.other;
    this.#report = report;
  }

  get metric(): string {
    return this.experiment.objective.metric;
  }

  /** The unit that holds state: a process, or an instance of a class in this process. */
  get place(): string {
    return isCommand(this.experiment.trainer) ? "process" : "instance";
  }

  say(kind: Finding["kind"], text: string): void {
    this.#report({ kind, text: `trainer: ${text}` });
  }

  tell(finding: Finding): void {
    this.#report(finding);
  }

  open(): TrainerSession {
    const session = sessionOf(this.experiment.trainer, this.experiment);
    this.#sessions.push(session);
    return session;
  }

  score(evaluation: Evaluation): number {
    return numbersOf(evaluation)[this.metric] ?? Number.NaN;
  }

  async evaluate(session: TrainerSession): Promise<Evaluation> {
    const evaluation = { ...(await session.evaluate(false)) };
    requireMetric(evaluation, this.metric);
    return evaluation;
  }

  restore(
    session: TrainerSession,
    { checkpoint, steps, more }: Saved,
    turn: Turn = this.own,
  ): Promise<void> {
    const place = { generation: 1, step: steps, stepCount: more };
    return restoreFrom(this.store, session, checkpoint, { ...turn, place });
  }

  save(session: TrainerSession): Promise<CheckpointId> {
    return saveTo(this.store, session, async () => {});
  }

  /** The start of a training after the save. */
  onward({ checkpoint, steps, more }: Saved) {
    return { store: this.store, checkpoint, step: steps, generation: 1, steps: more };
  }

  /** The metrics of the first, other than the objective, that are the same in all. */
  stable(first: Evaluation, ...others: readonly Evaluation[]): string[] {
    const numbers = others.map(numbersOf);
    return Object.entries(numbersOf(first))
      .filter(
        ([name, value]) =>
          name !== this.metric && numbers.every((each) => isSame(each[name], value)),
      )
      .map(([name]) => name);
  }

  /** Any problem at the end has been found before. */
  async dispose(): Promise<void> {
    for (const session of this.#sessions) await session.dispose().catch(() => {});
    await this.store[Symbol.asyncDispose]();
  }
}
