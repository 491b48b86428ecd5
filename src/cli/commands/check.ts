/**
 * Tries out what a run would do, without a run: mutations, the whole contract of the trainer, and
 * the places that machines share.
 */

import { legibleBelow } from "../../algorithm/legible.ts";
import { BadInputError } from "../../algorithm/problem.ts";
import { type Finding, findingLine } from "../check/finding.ts";
import { tryContract } from "../check/try-contract.ts";
import { tryCheckpoints, tryStore } from "../check/try-places.ts";
import { tryMembers, tryMutations } from "../check/try-strategies.ts";
import { loadExperiment } from "../declarations/load-experiment.ts";
import { exitCodes } from "../exit-codes.ts";
import { type SettingOptions, settingsOf } from "../options/settings.ts";
import type { StoreOptions } from "../runs/open-store.ts";

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
    [...tryMutations(experiment), ...tryMembers(experiment)].forEach(report);
    await tryContract(experiment, report);
  }
}

function bad(path: string, rule: string, remedy: string): BadInputError {
  return new BadInputError([{ path, value: "none given", rule, remedy }]);
}
