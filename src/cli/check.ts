/** Tries out what a run would do, without a run: mutations, the whole contract of the trainer, and the places that machines share. */

import { legibleBelow } from "../algorithm/legible.ts";
import { BadInputError } from "../algorithm/problem.ts";
import { type Random, randomStream } from "../algorithm/random.ts";
import type { Hyperparameters } from "../algorithm/snapshot.ts";
import { describeStrategy } from "../algorithm/strategy.ts";
import type { Experiment } from "../experiment/experiment.ts";
import { type Finding, findingLine } from "./check/finding.ts";
import { tryContract } from "./check/try-contract.ts";
import { exitCodes } from "./exit-codes.ts";
import { hyperparameters as shown } from "./format.ts";
import { loadExperiment } from "./load-experiment.ts";
import type { StoreOptions } from "./open-store.ts";
import { type SettingOptions, settingsOf } from "./settings.ts";

import { tryCheckpoints, tryStore } from "./try-places.ts";

const mutations = 1000;

interface Options extends SettingOptions, StoreOptions {
  readonly sees?: string;
}

export async function checkCommand(file: string | undefined, options: Options): Promise<void> {
  const report = (finding: Finding) => {
    console.log(legibleBelow(findingLine(finding)));
    if (finding.kind === "bad") process.exitCode = exitCodes.badInput;
  };
  const { store, checkpoints, sees } = options;
  if (file === undefined && store === undefined && checkpoints === undefined)
    throw bad(
      "experiment",
      "there is nothing to check",
      "give an experiment's file, --store or --checkpoints",
    );
  if (sees !== undefined && checkpoints === undefined)
    throw bad("--sees", "says nothing without --checkpoints", "give the place, too");
  if (store !== undefined) (await tryStore(options)).forEach(report);
  if (checkpoints !== undefined) (await tryCheckpoints(checkpoints, sees)).forEach(report);
  if (file !== undefined) {
    const experiment = await loadExperiment(file, settingsOf(options));
    tryMutations(experiment).forEach(report);
    await tryContract(experiment, report);
  }
}

function bad(path: string, rule: string, remedy: string): BadInputError {
  return new BadInputError([{ path, value: "none given", rule, remedy }]);
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
      const proposed = explore(before, space, random, { step: 0 });
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
        { kind: "bad", text: `explore: ${name} failed for ${shown(before)}: ${(error as Error).message}` },
      ];
    }
  }
  const brought = outside > 0 ? `; ${outside} stepped out of bounds and were brought back` : "";
  return [
    {
      kind: "ok",
      text: `explore: ${moved} of ${mutations} mutations by ${name} changed something${example}${brought}`,
    },
  ];
}

function isSame(before: Hyperparameters, after: Hyperparameters): boolean {
  return JSON.stringify(before) === JSON.stringify(after);
}
