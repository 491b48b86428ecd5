import { legibleBelow } from "../../algorithm/legible.ts";
import { BadInputError } from "../../algorithm/problem.ts";
import { tryAll } from "../../check/check.ts";
import { type Finding, findingLine } from "../../check/finding.ts";
import { temporaryDirectory } from "../check/temporary-directory.ts";
import { tryCheckpoints, tryStore } from "../check/try-places.ts";
import type { Context } from "../context.ts";
import { loadExperiment } from "../declarations/load-experiment.ts";
import { command } from "../declare/command.ts";
import { type OptionsOf, option } from "../declare/option.ts";
import { exitCodes } from "../exit-codes.ts";
import { population, seed, set, settingsOf } from "../options/setting-options.ts";

const declared = [
  set,
  population,
  seed,
  option("--store <url>", "test this store"),
  option("--checkpoints <url>", "test this place for checkpoints"),
  option("--sees <sign>", "whether this machine sees what another's check wrote to --checkpoints"),
] as const;

/**
 * Tests what a run would do, without a run: mutations, the whole contract of the trainer, and the
 * places that machines share.
 */
export const check = command({
  options: declared,
  action: tryOut,
});

async function tryOut(
  context: Context,
  options: OptionsOf<typeof declared>,
  file: string | undefined,
): Promise<number> {
  let exitCode: number = exitCodes.done;
  const report = (finding: Finding) => {
    context.print(legibleBelow(findingLine(finding)));
    if (finding.kind === "bad") exitCode = exitCodes.badInput;
  };
  const { store, checkpoints, sees } = options;
  if (file === undefined && store === undefined && checkpoints === undefined)
    throw bad(
      "experiment",
      "there is nothing to check",
      "give an experiment's file, --store or --checkpoints",
    );
  if (sees !== undefined && checkpoints === undefined)
    throw bad("--sees", "has no effect without --checkpoints", "also give the place");
  if (store !== undefined) (await tryStore(context, store)).forEach(report);
  if (checkpoints !== undefined)
    (await tryCheckpoints(context, checkpoints, sees)).forEach(report);
  if (file !== undefined) {
    const experiment = await loadExperiment(context, file, settingsOf(options));
    using directory = temporaryDirectory();
    await tryAll(experiment, directory.path, report);
  }
  return exitCode;
}

function bad(path: string, rule: string, remedy: string): BadInputError {
  return new BadInputError([{ path, value: "none given", rule, remedy }]);
}
