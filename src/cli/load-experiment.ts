import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { CladeError } from "../algorithm/clade-error.ts";
import { BadInputError } from "../algorithm/problem.ts";
import { type Experiment, type Settings, withSettings } from "../experiment/experiment.ts";
import { clade } from "./clade-command.ts";

/** The experiment that a file exports as its default, with settings changed. Throws `BadInputError` for every mistake in it. */
export async function loadExperiment(file: string, settings: Settings): Promise<Experiment> {
  const path = resolve(file);
  const bad = (rule: string, remedy: string) =>
    new BadInputError([{ path: "experiment", value: file, rule, remedy }]);
  if (!existsSync(path))
    throw bad("there is no such file", `give the path of one, or write one with "${clade} init"`);
  const module = await import(pathToFileURL(path).href).catch((error) => {
    if (error instanceof CladeError) throw error;
    throw notLoaded(file, error as Error);
  });
  const experiment = (module as { default?: unknown }).default as Experiment | undefined;
  if (experiment === undefined)
    throw bad("exports no default", "write: export default defineExperiment({ ... })");
  if (typeof experiment !== "object" || !("declaration" in experiment)) {
    throw bad("its default export is no experiment", "write: export default defineExperiment({ ... })");
  }
  return withSettings(experiment, settings);
}

/** The file does not parse, or threw while it was loaded. Node's own stack shows the line. */
class ExperimentFileError extends CladeError {}

function notLoaded(file: string, error: Error): ExperimentFileError {
  const shown = userFrames(error);
  return new ExperimentFileError(`experiment: ${file} - cannot be loaded; correct it:\n${shown}`, {
    cause: error,
  });
}

/** An error's stack without the frames that are ours or Node's. */
export function userFrames(error: Error): string {
  const ours =
    /^ {4}at .*(node:internal|\/commander\/|\/(src|dist)\/(cli|worker|trainer)\/|\/bin\/start\.js)/;
  return (error.stack ?? String(error))
    .split("\n")
    .filter((line) => !ours.test(line))
    .join("\n");
}

export function isBadInput(error: unknown): boolean {
  return error instanceof BadInputError || error instanceof ExperimentFileError;
}
