import { statSync } from "node:fs";

const byOthers = 0o077;
/** A group may read a key that belongs to root. */
const byOthersOfRoots = 0o037;

/**
 * What is wrong, in libpq's view, with the permissions of a file that holds a secret, and how to
 * fix it. Undefined if nothing is wrong.
 */
export function exposure(file: string, rootsMayBeRead = false): string | undefined {
  if (process.platform === "win32") return undefined;
  const { mode, uid } = statSync(file);
  if ((mode & (rootsMayBeRead && uid === 0 ? byOthersOfRoots : byOthers)) === 0) return undefined;
  const rights = (mode & 0o777).toString(8).padStart(4, "0");
  return (
    `others may read it (its rights are ${rights}), so it is not used; ` + `run: chmod 600 ${file}`
  );
}
