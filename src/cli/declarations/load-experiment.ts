import { dirname, resolve } from "node:path";
import type { BadInputError } from "../../algorithm/problem.ts";
import { asRecorded } from "../../experiment/as-recorded.ts";
import {
  defineExperiment,
  type Experiment,
  type ExperimentDescription,
} from "../../experiment/experiment.ts";
import { experimentFromFile } from "../../experiment/file/experiment-file.ts";
import { type Settings, withSettings } from "../../experiment/settings.ts";
import { isCommand } from "../../experiment/trainer.ts";
import type { Context } from "../context.ts";
import {
  badFile,
  type DeclarationFile,
  declarationFile,
  importDefault,
  isPlainData,
  readDeclaration,
  requireReadable,
} from "./declaration-file.ts";

/**
 * The experiment in a YAML or JSON file, or in the default export of a module, with changed
 * settings, and with the strategies of a run where it names none. Throws `BadInputError` for every
 * mistake in it.
 */
export async function loadExperiment(
  context: Context,
  given: string,
  settings: Settings,
  remedyIfMissing = `give the path of one, or write one with "${context.clade} init"`,
  recorded?: ExperimentDescription,
): Promise<Experiment> {
  const file = declarationFile(context, "experiment", given);
  const noExperiment = () =>
    badFile(file, "is a study", `run it with "${context.clade} study ${given}"`);
  requireReadable(file, remedyIfMissing);
  const experiment = isPlainData(file)
    ? await readDeclaration(file, (data) => {
        if (isStudy(data)) throw noExperiment();
        return experimentFromFile(data);
      })
    : await importExperiment(file, noExperiment);
  const begun = recorded
    ? defineExperiment(asRecorded(experiment.declaration, recorded))
    : experiment;
  return inDirectory(dirname(file.path), withSettings(begun, settings));
}

async function importExperiment(
  file: DeclarationFile,
  noExperiment: () => BadInputError,
): Promise<Experiment> {
  const experiment = (await importDefault(file)) as Experiment | undefined;
  const remedy = "write: export default defineExperiment({ ... })";
  if (experiment === undefined) throw badFile(file, "has no default export", remedy);
  if (isStudy(experiment)) throw noExperiment();
  if (typeof experiment !== "object" || !("declaration" in experiment))
    throw badFile(file, "its default export is not an experiment", remedy);
  return experiment;
}

/** A study names its experiment; an experiment has no such field. */
function isStudy(data: unknown): boolean {
  return typeof data === "object" && data !== null && "experiment" in data && "seeds" in data;
}

/** A command runs in the directory of its experiment, from wherever the experiment is started. */
function inDirectory(directory: string, experiment: Experiment): Experiment {
  const { trainer } = experiment;
  if (!isCommand(trainer)) return experiment;
  const absolute = { ...trainer, directory: resolve(directory, trainer.directory ?? "") };
  return defineExperiment({ ...experiment.declaration, trainer: absolute });
}
