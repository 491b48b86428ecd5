/** Files that declare an experiment or a study: YAML, JSON, or the default export of a module. */
import { readFileSync, statSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { CladeError } from "../../algorithm/clade-error.ts";
import { BadInputError, type Problem } from "../../algorithm/problem.ts";
import type { Context, Place } from "../context.ts";
import { importFailure } from "./import-failure.ts";
import { nestingOf } from "./nesting.ts";

/** The file of an experiment or of a study. */
export interface DeclarationFile extends Place {
  readonly what: "experiment" | "study";
  /** The directory that shown paths are relative to. */
  readonly cwd: string;
}

const maxBytes = 1024 * 1024;
const maxNesting = 64;

export function declarationFile(
  { cwd, at }: Context,
  what: DeclarationFile["what"],
  given: string,
): DeclarationFile {
  return { what, cwd, ...at(given) };
}

/** Whether a file is YAML or JSON. Otherwise it is a module. */
export function isPlainData({ path }: DeclarationFile): boolean {
  return /\.(ya?ml|json)$/i.test(path);
}

/** Throws `BadInputError` unless the file exists, is text, and can be read by this user. */
export function requireReadable(file: DeclarationFile, remedyIfMissing: string): void {
  textOf(file, remedyIfMissing);
}

/**
 * The result of `make` for a YAML or JSON file. Its problems get the file and the line. Throws
 * `BadInputError`.
 */
export async function readDeclaration<T>(
  file: DeclarationFile,
  make: (data: unknown) => T,
): Promise<T> {
  const { data, errors } = await parsed(file);
  if (errors.length > 0) throw cannotBeLoaded(file, errors.join("\n"));
  try {
    return make(data);
  } catch (error) {
    if (!(error instanceof BadInputError)) throw error;
    throw new BadInputError(await placedIn(file, error.problems));
  }
}

/**
 * Problems in the order of a YAML or JSON file, each with the file and, if it has one, the line. A
 * module's problems have no lines.
 */
export async function placedIn(
  file: DeclarationFile,
  problems: readonly Problem[],
): Promise<readonly Problem[]> {
  if (!isPlainData(file)) return problems;
  const { lineOf } = await parsed(file);
  return problems
    .map((problem) => ({ problem, line: lineOf(problem.path) }))
    .sort((a, b) => (a.line ?? 0) - (b.line ?? 0))
    .map(({ problem, line }) =>
      placedAt(line === undefined ? file.given : `${file.given}:${line}`, problem),
    );
}

async function parsed(file: DeclarationFile) {
  // Imported here: the parser takes 20 ms to load, and every worker would wait for it.
  const { parseExperiment } = await import("./experiment-text.ts");
  const text = textOf(file, givePath(file));
  const depth = nestingOf(text, maxNesting);
  if (depth > maxNesting) {
    const rule = `is nested more than ${maxNesting} levels deep`;
    throw badFile(file, rule, "give lists and objects fewer levels");
  }
  return parseExperiment(text);
}

function textOf(file: DeclarationFile, remedyIfMissing: string): string {
  const bytes = bytesOf(file, remedyIfMissing);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    const rule = bytes.includes(0) ? "is not text" : "is not in UTF-8";
    throw badFile(file, rule, `give the ${file.what}'s file, saved as UTF-8`);
  }
}

function bytesOf(file: DeclarationFile, remedyIfMissing: string): Buffer {
  try {
    const found = statSync(file.path, { throwIfNoEntry: false });
    if (!found) throw badFile(file, "there is no such file", remedyIfMissing);
    if (found.isDirectory()) throw badFile(file, "is a directory", givePath(file));
    if (!found.isFile())
      throw badFile(
        file,
        "is a pipe or a device, which other workers cannot read",
        givePath(file),
      );
    if (found.size > maxBytes) {
      const rule = `has ${found.size} bytes, and may have ${maxBytes}`;
      throw badFile(file, rule, "keep data in files of their own");
    }
    return readFileSync(file.path);
  } catch (error) {
    if (error instanceof CladeError) throw error;
    const { code } = error as NodeJS.ErrnoException;
    const remedy =
      code === "EACCES" ? `let this user read it: chmod u+r ${file.given}` : givePath(file);
    throw badFile(file, `cannot be read (${code})`, remedy);
  }
}

function givePath({ what }: DeclarationFile): string {
  return `give the path of the ${what}'s file`;
}

function placedAt(place: string, problem: Problem): Problem {
  return { ...problem, path: problem.path === "" ? place : `${place}: ${problem.path}` };
}

/** The default export of a module; undefined if it has none. */
export async function importDefault(file: DeclarationFile): Promise<unknown> {
  const module = await import(pathToFileURL(file.path).href).catch((error) => {
    if (error instanceof CladeError) throw error;
    throw new UnloadableFileError(`${file.what}: ${importFailure(file, error)}`, { cause: error });
  });
  return (module as { default?: unknown }).default;
}

export function badFile(file: DeclarationFile, rule: string, remedy: string): BadInputError {
  const { what, given } = file;
  return new BadInputError([{ path: what, value: given, rule, remedy }]);
}

/** The file does not parse, or threw while being loaded. */
class UnloadableFileError extends CladeError {}

function cannotBeLoaded({ what, given }: DeclarationFile, shown: string): UnloadableFileError {
  return new UnloadableFileError(`${what}: ${given} - cannot be loaded; correct it:\n${shown}`);
}

export function isBadInput(error: unknown): boolean {
  return error instanceof BadInputError || error instanceof UnloadableFileError;
}
