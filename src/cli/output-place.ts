import { existsSync, readdirSync, statSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import { BadInputError } from "../algorithm/problem.ts";

/** Makes the directory of `--out`. Throws `BadInputError` when it is there and not empty, so that nothing is ever overwritten. */
export async function newDirectory(out: string): Promise<void> {
  const isUsable = !existsSync(out) || (statSync(out).isDirectory() && readdirSync(out).length === 0);
  if (out === "" || !isUsable)
    throw badPlace(out, "is not a new or an empty directory", "give the path of one");
  await make(out, out);
}

/** Makes the directories above the file of `--out`. Throws `BadInputError` when the file is there. */
export async function newFile(out: string): Promise<void> {
  if (out === "" || existsSync(out)) throw badPlace(out, "is not a new file", "give the path of one");
  await make(dirname(out), out);
}

/** Writes what belongs to `--out`, or another option. Throws `BadInputError` where the file system refuses. */
export async function writtenTo<T>(out: string, write: () => Promise<T> | T, option = "--out"): Promise<T> {
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

async function make(directory: string, out: string): Promise<void> {
  await writtenTo(out, () => mkdir(directory, { recursive: true }));
}

function badPlace(value: string, rule: string, remedy: string, path = "--out"): BadInputError {
  return new BadInputError([{ path, value, rule, remedy }]);
}
