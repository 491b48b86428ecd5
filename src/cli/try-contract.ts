/** The whole contract of a trainer, tried out with two of them: what one has saved, the other must be able to go on from. */

import { performance } from "node:perf_hooks";
import { CladeError } from "../algorithm/clade-error.ts";
import { randomStream } from "../algorithm/random.ts";
import { everySteps } from "../algorithm/ready/every-steps.ts";
import type { Ready } from "../algorithm/ready/ready.ts";
import { readyWhen } from "../algorithm/ready/ready-when.ts";
import { describeStrategy } from "../algorithm/strategy.ts";
import { filesystemCheckpointStore } from "../checkpoint-store/filesystem/filesystem-checkpoint-store.ts";
import type { Experiment } from "../experiment/experiment.ts";
import { isCommand } from "../experiment/trainer.ts";
import { duration, number } from "../report/words.ts";
import { sessionOf } from "../trainer/session-of.ts";
import { TrainerError, type TrainerSession, type Turn } from "../trainer/trainer-session.ts";
import { restoreFrom, saveTo } from "../worker/checkpoints.ts";
import { requireMetric } from "../worker/measurement.ts";
import { hyperparameters as shown } from "./format.ts";
import { temporaryDirectory } from "./temporary-directory.ts";

export interface Finding {
  readonly ok: boolean;
  readonly text: string;
}

/** Trains for about so long, but no longer than a generation, so that the weights are told from fresh ones. */
const trainingSeconds = 3;

/** How far scores of the same weights may be apart: relative, and in terms of how far they were apart before. */
const tolerance = 1e-3;
const noiseFactor = 3;

export async function tryContract(experiment: Experiment): Promise<Finding[]> {
  using directory = temporaryDirectory();
  const sessions = [1, 2].map(() => sessionOf(experiment.trainer));
  const findings: Finding[] = [];
  try {
    await new Contract(experiment, findings).try(
      sessions as [TrainerSession, TrainerSession],
      directory.path,
    );
  } catch (error) {
    if (!(error instanceof CladeError)) throw error;
    const detail = error instanceof TrainerError && isCommand(experiment.trainer) ? `\n${error.detail}` : "";
    findings.push({ ok: false, text: `${error.message}${detail}` });
  } finally {
    // What goes wrong at the end has been found before.
    for (const session of sessions) await session.dispose().catch(() => {});
  }
  return findings;
}

class Contract {
  readonly #experiment: Experiment;
  readonly #findings: Finding[];

  constructor(experiment: Experiment, findings: Finding[]) {
    this.#experiment = experiment;
    this.#findings = findings;
  }

  async try([first, second]: [TrainerSession, TrainerSession], directory: string): Promise<void> {
    const { space } = this.#experiment.strategies;
    const hyperparameters = space.sample(randomStream("check"));
    const turn = { member: 0, seed: 1, hyperparameters };
    const begin = performance.now();
    await first.start(turn);
    if (first.checkpoints === "directories") this.#ok(`starts in ${seconds(begin)}`);
    const oneStep = performance.now();
    await train(first, turn, everySteps(1));
    this.#ok(`one step takes ${seconds(oneStep)} with ${shown(hyperparameters)}`);
    const { ready } = this.#experiment;
    const enough: Ready = (progress) => progress.secondsInGeneration >= trainingSeconds || ready(progress);
    await train(first, turn, readyWhen(enough));

    const before = await this.#evaluate(first);
    await this.#requireSamples(first);
    this.#ok(
      `evaluate() gives ${this.#metric} ${number(before)}${Number.isFinite(before) ? "" : ", which ranks below every number"}`,
    );
    const store = filesystemCheckpointStore(directory);
    const id = await saveTo(store, first, async () => {});
    const files = await store.load(id);
    const bytes = [...files.values()].reduce((sum, file) => sum + file.length, 0);
    this.#ok(`save() gives ${[...files.keys()].join(", ") || "nothing"} (${bytes} bytes)`);

    // A copy after exploring: another member's seed, and hyperparameters that neither trainer had before.
    const explored = { member: 1, seed: 2, hyperparameters: space.sample(randomStream("check", "explored")) };
    await second.start({ ...turn, member: 1, seed: 2 });
    const fresh = await this.#evaluate(second);
    await restoreFrom(store, second, id, explored);
    const after = await this.#evaluate(second);
    await this.#compare({ before, fresh, after }, first, second);
    if (first.readsBack)
      this.#ok("hyperparameters are in force after setup and restore, read back from where they act");
    if (first.readsBack === false)
      this.#ok(
        "hyperparameters are answered as they were told after setup and restore, not read back from where they act; in Python, hyperparameters_in_force() does that",
      );
  }

  async #compare(
    { before, fresh, after }: { readonly before: number; readonly fresh: number; readonly after: number },
    first: TrainerSession,
    second: TrainerSession,
  ): Promise<void> {
    const noise = agree(before, after, 0)
      ? 0
      : spread([before, await this.#evaluate(first)]) + spread([after, await this.#evaluate(second)]);
    const restored = "restore() in another trainer";
    if (!agree(before, after, noise)) {
      this.#findings.push({
        ok: false,
        text: `trainer: after restore, evaluate() gave ${number(after)}, before save it gave ${number(before)}: weights are not restored`,
      });
    } else if (agree(before, fresh, noise)) {
      this.#ok(
        `${restored} gives ${this.#metric} ${number(after)} again, but so do fresh weights: this proves little`,
      );
    } else {
      this.#ok(
        `${restored} gives ${this.#metric} ${number(after)} again; fresh weights had ${number(fresh)}`,
      );
    }
  }

  async #evaluate(session: TrainerSession): Promise<number> {
    const { objective } = this.#experiment;
    const evaluation = await session.evaluate(objective.final !== undefined);
    for (const metric of [objective.metric, ...(objective.final === undefined ? [] : [objective.final])]) {
      requireMetric(evaluation, metric);
    }
    return evaluation[objective.metric] as number;
  }

  async #requireSamples(session: TrainerSession): Promise<void> {
    if (describeStrategy(this.#experiment.strategies.exploit).name !== "tTestSelection") return;
    if (((await session.evaluate(false)).samples?.length ?? 0) >= 2) return;
    this.#findings.push({
      ok: false,
      text: "exploit: tTestSelection needs samples, and evaluate() reports fewer than 2; add samples: [...]",
    });
  }

  get #metric(): string {
    return this.#experiment.objective.metric;
  }

  #ok(text: string): void {
    this.#findings.push({ ok: true, text: `trainer: ${text}` });
  }
}

async function train(session: TrainerSession, { hyperparameters }: Turn, ready: Ready): Promise<void> {
  const endless = { stepsLeft: Infinity, millisecondsLeft: Infinity };
  await session.train({ ...endless, hyperparameters, step: 0, generation: 0, ready });
}

function agree(one: number, other: number, noise: number): boolean {
  const allowed = Math.max(tolerance * Math.max(Math.abs(one), Math.abs(other)), noiseFactor * noise);
  return Object.is(one, other) || Math.abs(one - other) <= allowed;
}

function spread(values: readonly number[]): number {
  return Math.max(...values) - Math.min(...values);
}

function seconds(begin: number): string {
  return duration((performance.now() - begin) / 1000);
}
