/**
 * Where a group may write, that group may read, replace and delete every new file, whatever a
 * user's umask. Elsewhere the umask holds.
 */
import { chmodSync, chownSync, mkdirSync, type Stats, statSync } from "node:fs";
import { dirname } from "node:path";

const groupWrites = 0o020;
const setGid = 0o2000;
/** The sticky bit, as of /tmp: every user may write, and only the owner may delete a file. */
const sticky = 0o1000;

/** Gives a new file the rights that its directory has for the group. */
export function shareFile(path: string): void {
  share(path, statSync(dirname(path)), 0o660, 0o004);
}

/** Creates a directory and its missing parents, each with the rights of its parent. */
export function shareDirectory(path: string): void {
  if (statSync(path, { throwIfNoEntry: false })) return;
  const above = dirname(path);
  if (above !== path) shareDirectory(above);
  try {
    mkdirSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return;
    throw error;
  }
  const parent = statSync(above);
  share(path, parent, 0o770 | (parent.mode & setGid), 0o005);
}

function share(path: string, parent: Stats, mode: number, forOthers: number): void {
  if ((parent.mode & groupWrites) === 0 || (parent.mode & sticky) !== 0) return;
  try {
    if (statSync(path).gid !== parent.gid) chownSync(path, -1, parent.gid);
    chmodSync(path, mode | (parent.mode & forOthers));
  } catch (error) {
    // A user outside the place's group, or a file system without rights, cannot share.
    if (!["EPERM", "ENOTSUP", "EINVAL"].includes((error as NodeJS.ErrnoException).code ?? ""))
      throw error;
  }
}

/**
 * Why other members of the group could not work with a file and its directory; undefined if they
 * could.
 */
export function refusedToGroup(path: string): string | undefined {
  const file = statSync(path);
  const parent = statSync(dirname(path));
  const isShared = (entry: Stats, bits: number) => (entry.mode & bits) === bits;
  if ((parent.mode & sticky) !== 0) return "only the user who wrote a file may delete it there";
  if (!isShared(parent, 0o070)) return "its group may not write there";
  if (file.gid !== parent.gid)
    return "files written there belong to another group than the directory";
  return isShared(file, 0o060) ? undefined : "files written there are closed to its group";
}
