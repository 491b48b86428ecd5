import { statSync } from "node:fs";

const byOthers = 0o077;
/** Of a key that belongs to root a group may read. */
const byOthersOfRoots = 0o037;

/**
 * What is wrong with the rights of a file with a secret, as libpq sees it, and what mends it;
 * undefined where nothing is.
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
