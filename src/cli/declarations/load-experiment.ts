import { dirname, resolve } from "node:path";
import type { BadInputError } from "../../algorithm/problem.ts";
import {
  defineExperiment,
  type Experiment,
  type Settings,
  withSettings,
} from "../../experiment/experiment.ts";
import { experimentFromFile } from "../../experiment/file/experiment-file.ts";
import { isCommand } from "../../experiment/trainer.ts";
import { clade } from "../clade-command.ts";
import {
  badFile,
  importDefault,
  isPlainData,
  readDeclaration,
  requireReadable,
} from "./declaration-file.ts";

/** What a user can do who named a file that is not there. */
const writeOne = `give the path of one, or write one with "${clade} init"`;

/**
 * The experiment in a YAML or JSON file, or that a module exports as its default, with settings
 * changed. Throws `BadInputError` for every mistake in it.
 */
export async function loadExperiment(
  file: string,
  settings: Settings,
  remedyIfMissing = writeOne,
): Promise<Experiment> {
  requireReadable("experiment", file, remedyIfMissing);
  const experiment = isPlainData(file)
    ? await readDeclaration("experiment", file, (data) => {
        if (isStudy(data)) throw noExperiment(file);
        return experimentFromFile(data);
      })
    : await importExperiment(file);
  return inDirectory(dirname(resolve(file)), withSettings(experiment, settings));
}

async function importExperiment(file: string): Promise<Experiment> {
  const experiment = (await importDefault("experiment", file)) as Experiment | undefined;
  const remedy = "write: export default defineExperiment({ ... })";
  if (experiment === undefined) throw badFile("experiment", file, "exports no default", remedy);
  if (isStudy(experiment)) throw noExperiment(file);
  if (typeof experiment !== "object" || !("declaration" in experiment))
    throw badFile("experiment", file, "its default export is no experiment", remedy);
  return experiment;
}

/** A study names its experiment; an experiment has no such part. */
function isStudy(data: unknown): boolean {
  return typeof data === "object" && data !== null && "experiment" in data && "seeds" in data;
}

function noExperiment(file: string): BadInputError {
  return badFile("experiment", file, "is a study", `run it with "${clade} study ${file}"`);
}

/** A command runs in the directory of its experiment, from wherever the experiment is started. */
function inDirectory(directory: string, experiment: Experiment): Experiment {
  const { trainer } = experiment;
  if (!isCommand(trainer)) return experiment;
  const absolute = { ...trainer, directory: resolve(directory, trainer.directory ?? "") };
  return defineExperiment({ ...experiment.declaration, trainer: absolute });
}
