/**
 * Files that hold a declaration, of an experiment or of a study: YAML or JSON, or a module's
 * default export.
 */
import { readFileSync, statSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { CladeError } from "../../algorithm/clade-error.ts";
import { BadInputError, type Problem } from "../../algorithm/problem.ts";
import { importFailure } from "./import-failure.ts";
import { nestingOf } from "./nesting.ts";

type Declared = "experiment" | "study";

const largestBytes = 1024 * 1024;
const deepestNesting = 64;

/** Whether a file is YAML or JSON; a module otherwise. */
export function isPlainData(file: string): boolean {
  return /\.(ya?ml|json)$/i.test(file);
}

/** Throws `BadInputError` unless there is such a file, with text in it that this user may read. */
export function requireReadable(what: Declared, file: string, remedyIfMissing: string): void {
  textOf(what, file, remedyIfMissing);
}

/**
 * What `make` makes of a YAML or JSON file. Its problems get the file and the line. Throws
 * `BadInputError`.
 */
export async function readDeclaration<T>(
  what: Declared,
  file: string,
  make: (data: unknown) => T,
): Promise<T> {
  const { data, errors } = await parsed(what, file);
  if (errors.length > 0) throw cannotBeLoaded(what, file, errors.join("\n"));
  try {
    return make(data);
  } catch (error) {
    if (!(error instanceof BadInputError)) throw error;
    throw new BadInputError(await placedIn(what, file, error.problems));
  }
}

/**
 * Problems in the order of a YAML or JSON file, each with the file and, where it has one, the
 * line. A module has no lines.
 */
export async function placedIn(
  what: Declared,
  file: string,
  problems: readonly Problem[],
): Promise<readonly Problem[]> {
  if (!isPlainData(file)) return problems;
  const { lineOf } = await parsed(what, file);
  return problems
    .map((problem) => ({ problem, line: lineOf(problem.path) }))
    .sort((a, b) => (a.line ?? 0) - (b.line ?? 0))
    .map(({ problem, line }) => placedAt(line === undefined ? file : `${file}:${line}`, problem));
}

async function parsed(what: Declared, file: string) {
  // Imported here: the parser takes 20 ms to load, and every worker would wait for it.
  const { parseExperiment } = await import("./experiment-text.ts");
  const text = textOf(what, file, `give the path of the ${what}'s file`);
  const depth = nestingOf(text, deepestNesting);
  if (depth > deepestNesting) {
    const rule = `is nested more than ${deepestNesting} levels deep`;
    throw badFile(what, file, rule, "give lists and objects fewer levels");
  }
  return parseExperiment(text);
}

function textOf(what: Declared, file: string, remedyIfMissing: string): string {
  const bytes = bytesOf(what, file, remedyIfMissing);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    const rule = bytes.includes(0) ? "is no text" : "is not in UTF-8";
    throw badFile(what, file, rule, `give the ${what}'s file, saved as UTF-8`);
  }
}

function bytesOf(what: Declared, file: string, remedyIfMissing: string): Buffer {
  const givePath = `give the path of the ${what}'s file`;
  try {
    const found = statSync(file, { throwIfNoEntry: false });
    if (!found) throw badFile(what, file, "there is no such file", remedyIfMissing);
    if (found.isDirectory()) throw badFile(what, file, "is a directory", givePath);
    if (!found.isFile())
      throw badFile(
        what,
        file,
        "is a pipe or a device, which other workers cannot read",
        givePath,
      );
    if (found.size > largestBytes) {
      const rule = `has ${found.size} bytes, and may have ${largestBytes}`;
      throw badFile(what, file, rule, "keep data in files of their own");
    }
    return readFileSync(file);
  } catch (error) {
    if (error instanceof CladeError) throw error;
    const { code } = error as NodeJS.ErrnoException;
    const remedy = code === "EACCES" ? `let this user read it: chmod u+r ${file}` : givePath;
    throw badFile(what, file, `cannot be read (${code})`, remedy);
  }
}

function placedAt(place: string, problem: Problem): Problem {
  return { ...problem, path: problem.path === "" ? place : `${place}: ${problem.path}` };
}

/** The default export of a module; undefined where it has none. */
export async function importDefault(what: Declared, file: string): Promise<unknown> {
  const module = await import(pathToFileURL(resolve(file)).href).catch((error) => {
    if (error instanceof CladeError) throw error;
    throw new UnloadableFileError(`${what}: ${importFailure(file, error)}`, { cause: error });
  });
  return (module as { default?: unknown }).default;
}

export function badFile(
  what: Declared,
  file: string,
  rule: string,
  remedy: string,
): BadInputError {
  return new BadInputError([{ path: what, value: file, rule, remedy }]);
}

/** The file does not parse, or threw while it was loaded. */
class UnloadableFileError extends CladeError {}

function cannotBeLoaded(what: Declared, file: string, shown: string): UnloadableFileError {
  return new UnloadableFileError(`${what}: ${file} - cannot be loaded; correct it:\n${shown}`);
}

export function isBadInput(error: unknown): boolean {
  return error instanceof BadInputError || error instanceof UnloadableFileError;
}
