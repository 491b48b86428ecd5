/** Tries out what a run would do, without a run: mutations, and the whole contract of the trainer. */
import { performance } from "node:perf_hooks";
import { CladeError } from "../algorithm/clade-error.ts";
import { type Random, randomStream } from "../algorithm/random.ts";
import type { Hyperparameters } from "../algorithm/snapshot.ts";
import { describeStrategy } from "../algorithm/strategy.ts";
import type { Experiment } from "../experiment/experiment.ts";
import { inProcessSession } from "../trainer/in-process/in-process-session.ts";
import { requireMetric } from "../worker/measurement.ts";
import { exitCodes } from "./exit-codes.ts";
import { duration, number, hyperparameters as shown } from "./format.ts";
import { loadExperiment } from "./load-experiment.ts";
import { type SettingOptions, settingsOf } from "./settings.ts";

const mutations = 1000;

export async function checkCommand(file: string, options: SettingOptions): Promise<void> {
  const experiment = await loadExperiment(file, settingsOf(options));
  const found = [...tryMutations(experiment), ...(await tryTrainer(experiment))];
  for (const { ok, text } of found) console.log(`${ok ? "ok  " : "BAD "} ${text}`);
  if (found.some(({ ok }) => !ok)) process.exitCode = exitCodes.badInput;
}

interface Finding {
  readonly ok: boolean;
  readonly text: string;
}

function tryMutations({ strategies }: Experiment): Finding[] {
  const { space, explore } = strategies;
  const name = describeStrategy(explore).name;
  let outside = 0;
  let moved = 0;
  let example = "";
  for (let index = 0; index < mutations; index++) {
    const random: Random = randomStream("check", index);
    const before = space.sample(random);
    try {
      const proposed = explore(before, space, random);
      const after = space.settle(proposed, random);
      if (!isSame(before, after)) moved++;
      if (example === "" && !isSame(before, after)) example = `, such as ${shown(before)} to ${shown(after)}`;
      if (
        space.names.some(
          (key) => proposed[key] !== undefined && !space.hyperparameter(key).admits(proposed[key]),
        )
      )
        outside++;
    } catch (error) {
      return [
        { ok: false, text: `explore: ${name} failed for ${shown(before)}: ${(error as Error).message}` },
      ];
    }
  }
  const brought = outside > 0 ? `; ${outside} stepped out of bounds and were brought back` : "";
  return [
    {
      ok: true,
      text: `explore: ${moved} of ${mutations} mutations by ${name} changed something${example}${brought}`,
    },
  ];
}

async function tryTrainer(experiment: Experiment): Promise<Finding[]> {
  const { objective, strategies } = experiment;
  const first = inProcessSession(experiment.trainer);
  const second = inProcessSession(experiment.trainer);
  const hyperparameters = strategies.space.sample(randomStream("check"));
  const findings: Finding[] = [];
  const good = (text: string) => findings.push({ ok: true, text });
  try {
    await first.start({ seed: 1, hyperparameters });
    const begin = performance.now();
    await first.step(hyperparameters);
    good(
      `trainer: one step takes ${duration((performance.now() - begin) / 1000)} with ${shown(hyperparameters)}`,
    );
    const before = await first.evaluate(objective.final !== undefined);
    for (const metric of [objective.metric, ...(objective.final === undefined ? [] : [objective.final])]) {
      requireMetric(before, metric);
    }
    const score = before[objective.metric] as number;
    const isNumber = Number.isFinite(score);
    findings.push({
      ok: true,
      text: `trainer: evaluate() gives ${objective.metric} ${number(score)}${isNumber ? "" : ", which ranks below every number"}`,
    });
    const needsSamples = describeStrategy(strategies.exploit).name === "tTestSelection";
    if (needsSamples && (before.samples?.length ?? 0) < 2) {
      findings.push({
        ok: false,
        text: "exploit: tTestSelection needs samples, and evaluate() reports fewer than 2; add samples: [...]",
      });
    }
    const files = await first.save();
    const bytes = [...files.values()].reduce((sum, file) => sum + file.length, 0);
    good(`trainer: save() gives ${[...files.keys()].join(", ") || "nothing"} (${bytes} bytes)`);
    await second.start({ seed: 2, hyperparameters });
    await second.restore(files, { seed: 2, hyperparameters });
    const after = (await second.evaluate(objective.final !== undefined))[objective.metric] as number;
    const agrees =
      Object.is(after, score) || Math.abs(after - score) <= 1e-3 * Math.max(Math.abs(after), Math.abs(score));
    findings.push(
      agrees
        ? {
            ok: true,
            text: `trainer: restore() in another trainer gives ${objective.metric} ${number(after)} again`,
          }
        : {
            ok: false,
            text: `trainer: after restore, evaluate() gave ${number(after)}, before save it gave ${number(score)}: the state is not restored, or evaluation is noisy`,
          },
    );
  } catch (error) {
    if (!(error instanceof CladeError)) throw error;
    findings.push({ ok: false, text: error.message });
  } finally {
    await first.dispose();
    await second.dispose();
  }
  return findings;
}

function isSame(before: Hyperparameters, after: Hyperparameters): boolean {
  return JSON.stringify(before) === JSON.stringify(after);
}
