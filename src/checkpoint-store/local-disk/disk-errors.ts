/** Errors of a full, read-only or foreign disk, with what to do about them. */
import { mkdirSync } from "node:fs";
import { CladeError } from "../../algorithm/clade-error.ts";

const noRight =
  "this user may not write there; change the rights or use another directory, then resume the run";
const remedies: Record<string, string> = {
  ENOSPC: "the disk is full; free some space, then resume the run",
  EDQUOT: "the disk quota is used up; free some space, then resume the run",
  EROFS:
    "the file system is read-only; make it writable or use another directory, then resume the run",
  EPERM: noRight,
  EACCES: noRight,
};

export function explain(directory: string, error: unknown): unknown {
  const remedy = remedies[(error as NodeJS.ErrnoException).code ?? ""];
  return remedy
    ? new CladeError(`checkpoints in ${directory}: ${remedy}`, { cause: error })
    : error;
}

export function isFull(error: unknown): boolean {
  return ["ENOSPC", "EDQUOT"].includes((error as NodeJS.ErrnoException).code ?? "");
}

export function makeDirectory(directory: string, path: string): void {
  try {
    mkdirSync(path, { recursive: true });
  } catch (error) {
    // Node says this, without the reason, when it cannot create a parent.
    const hidden = (error as NodeJS.ErrnoException).code === "ENOENT";
    const rule = "the directory cannot be created; use another, or create it yourself to see why";
    throw hidden
      ? new CladeError(`checkpoints in ${directory}: ${rule}`, { cause: error })
      : explain(directory, error);
  }
}

export async function explainedAsync<T>(directory: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw explain(directory, error);
  }
}
