import { existsSync, readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { CladeError } from "../algorithm/clade-error.ts";
import { BadInputError, type Problem } from "../algorithm/problem.ts";
import { defineExperiment, type Experiment, type Settings, withSettings } from "../experiment/experiment.ts";
import { isCommand } from "../experiment/trainer.ts";
import { clade } from "./clade-command.ts";

/** The experiment in a YAML or JSON file, or that a module exports as its default, with settings changed. Throws `BadInputError` for every mistake in it. */
export async function loadExperiment(file: string, settings: Settings): Promise<Experiment> {
  const path = resolve(file);
  if (!existsSync(path)) {
    const remedy = `give the path of one, or write one with "${clade} init"`;
    throw bad(file, "there is no such file", remedy);
  }
  const experiment = isPlainData(file)
    ? await readDeclaration(file, (await import("../experiment/file/experiment-file.ts")).experimentFromFile)
    : await importExperiment(file);
  return inDirectory(dirname(path), withSettings(experiment, settings));
}

/** Whether a file is YAML or JSON; a module otherwise. */
export function isPlainData(file: string): boolean {
  return /\.(ya?ml|json)$/i.test(file);
}

/** What `make` makes of a YAML or JSON file. Its problems get the file and the line. Throws `BadInputError`. */
export async function readDeclaration<T>(file: string, make: (data: unknown) => T): Promise<T> {
  // Imported here: the parser takes 20 ms to load, and every worker would wait for it.
  const { parseExperiment } = await import("./experiment-text.ts");
  const { data, errors, lineOf } = parseExperiment(textOf(file));
  if (errors.length > 0) throw cannotBeLoaded(file, errors.join("\n"));
  try {
    return make(data);
  } catch (error) {
    if (!(error instanceof BadInputError)) throw error;
    const placed = error.problems.map((problem) => ({ problem, line: lineOf(problem.path) }));
    placed.sort((a, b) => (a.line ?? 0) - (b.line ?? 0));
    throw new BadInputError(
      placed.map(({ problem, line }) => placedAt(line === undefined ? file : `${file}:${line}`, problem)),
    );
  }
}

function textOf(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw bad(file, `cannot be read (${code})`, "give the path of a file that can");
  }
}

function placedAt(place: string, problem: Problem): Problem {
  return { ...problem, path: problem.path === "" ? place : `${place}: ${problem.path}` };
}

/** The default export of a module; undefined where it has none. */
export async function importDefault(file: string): Promise<unknown> {
  const module = await import(pathToFileURL(resolve(file)).href).catch((error) => {
    if (error instanceof CladeError) throw error;
    throw cannotBeLoaded(file, userFrames((error as Error).stack ?? String(error)), error);
  });
  return (module as { default?: unknown }).default;
}

async function importExperiment(file: string): Promise<Experiment> {
  const experiment = (await importDefault(file)) as Experiment | undefined;
  const remedy = "write: export default defineExperiment({ ... })";
  if (experiment === undefined) throw bad(file, "exports no default", remedy);
  if (typeof experiment !== "object" || !("declaration" in experiment))
    throw bad(file, "its default export is no experiment", remedy);
  return experiment;
}

/** A command runs in the directory of its experiment, from wherever the experiment is started. */
function inDirectory(directory: string, experiment: Experiment): Experiment {
  const { trainer } = experiment;
  if (!isCommand(trainer)) return experiment;
  const absolute = { ...trainer, directory: resolve(directory, trainer.directory ?? "") };
  return defineExperiment({ ...experiment.declaration, trainer: absolute });
}

function bad(file: string, rule: string, remedy: string): BadInputError {
  return new BadInputError([{ path: "experiment", value: file, rule, remedy }]);
}

/** The file does not parse, or threw while it was loaded. Node's own stack shows the line. */
class ExperimentFileError extends CladeError {}

function cannotBeLoaded(file: string, shown: string, cause?: unknown): ExperimentFileError {
  return new ExperimentFileError(`experiment: ${file} - cannot be loaded; correct it:\n${shown}`, { cause });
}

/** An error's stack without the frames that are ours or Node's. */
export function userFrames(stack: string): string {
  const ours =
    /^ {4}at .*(node:internal|\/commander\/|\/(src|dist)\/(cli|worker|trainer)\/|\/bin\/start\.js)/;
  return stack
    .split("\n")
    .filter((line) => !ours.test(line))
    .join("\n");
}

export function isBadInput(error: unknown): boolean {
  return error instanceof BadInputError || error instanceof ExperimentFileError;
}
