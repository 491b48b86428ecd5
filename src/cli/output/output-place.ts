import { existsSync, readdirSync, statSync } from "node:fs";
import { mkdir, readdir, rename, rm, rmdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { BadInputError } from "../../algorithm/problem.ts";
import type { Place } from "../context.ts";

/**
 * Creates the directory of `--out`. Throws `BadInputError` if it exists and is not empty, so that
 * nothing is ever overwritten.
 */
export async function newDirectory(out: Place): Promise<void> {
  requireUnused(out);
  await make(out.path, out);
}

function requireUnused(out: Place): void {
  const { given, path } = out;
  const isUsable =
    !existsSync(path) || (statSync(path).isDirectory() && readdirSync(path).length === 0);
  if (given === "" || !isUsable)
    throw badPlace(out, "is not a new or an empty directory", "give the path of one");
}

/**
 * Fills the new or empty directory of `--out`. The files appear there only when all are written.
 * If `fill` fails, the place is unchanged. Throws `BadInputError` as `newDirectory` does.
 */
export async function filledDirectory<T>(
  out: Place,
  fill: (directory: string) => Promise<T>,
): Promise<T> {
  requireUnused(out);
  const made = await make(out.path, out);
  const partial = join(out.path, `.partial-${process.pid}`);
  try {
    const result = await fill(partial);
    for (const name of await readdir(partial))
      await rename(join(partial, name), join(out.path, name));
    await rmdir(partial);
    return result;
  } catch (error) {
    await rm(made ?? partial, { recursive: true, force: true });
    throw error;
  }
}

/**
 * Creates the directories above the file of `--out`. Throws `BadInputError` if the file exists.
 */
export async function newFile(out: Place): Promise<void> {
  if (out.given === "" || existsSync(out.path))
    throw badPlace(out, "is not a new file", "give the path of one");
  await make(dirname(out.path), out);
}

/**
 * Writes the output of `--out`, or of another option. Throws `BadInputError` if the file system
 * refuses.
 */
export async function writtenTo<T>(
  out: Place,
  write: () => Promise<T> | T,
  option = "--out",
): Promise<T> {
  try {
    return await write();
  } catch (error) {
    const { code, syscall } = error as NodeJS.ErrnoException;
    if (syscall === undefined) throw error;
    throw badPlace(
      out,
      `cannot be written (${code})`,
      "free or unlock the place, or give the path of another",
      option,
    );
  }
}

/** Resolves the first directory that did not exist. */
function make(directory: string, out: Place): Promise<string | undefined> {
  return writtenTo(out, () => mkdir(directory, { recursive: true }));
}

function badPlace({ given }: Place, rule: string, remedy: string, path = "--out"): BadInputError {
  return new BadInputError([{ path, value: given, rule, remedy }]);
}
