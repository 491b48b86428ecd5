/**
 * Names for files that a process is writing. A name says which process owns the file. What a dead
 * process left can be deleted at once; what a living one writes stays, however long it takes.
 * Process ids are reused, and containers with one host name may have the same ones, so a name also
 * has the start time and the namespace.
 */
import { randomUUID } from "node:crypto";
import { readFileSync, readlinkSync } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";

/**
 * Files of processes that cannot be checked, such as those of another machine, are deleted after
 * this time without a change.
 */
const abandonedMs = 24 * 3_600_000;

/** Windows does not allow colons in names. */
const separator = ",";
/** Stands for a start time that cannot be read. */
const unreadable = "0";
const place = placeOfProcesses();
const own = [hostname(), process.pid, bornAt(process.pid), place].join(separator);

/** A name that no other process uses. */
export function ownedName(): string {
  return `${own}${separator}${randomUUID()}`;
}

/**
 * The paths in a folder that dead processes left. With `isQuiet`, only processes of this machine
 * can still need theirs. Empty when the folder is gone.
 */
export async function leftOversIn(folder: string, isQuiet = false): Promise<string[]> {
  const left: string[] = [];
  const owners = new Map<string, Owner>();
  for (const name of await readdir(folder).catch(() => [])) {
    const owner = name.slice(0, name.lastIndexOf(separator));
    const state = owners.get(owner) ?? stateOf(owner);
    owners.set(owner, state);
    const path = join(folder, name);
    const isLeft = state === "unknown" ? isQuiet || (await isOld(path)) : state === "gone";
    if (isLeft) left.push(path);
  }
  return left;
}

type Owner = "alive" | "gone" | "unknown";

function stateOf(owner: string): Owner {
  if (owner === own) return "alive";
  const [host, pid, born, itsPlace] = owner.split(separator);
  if (host !== hostname() || itsPlace !== place) return "unknown";
  try {
    process.kill(Number(pid), 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ESRCH") return "gone";
  }
  const bornNow = bornAt(Number(pid));
  if (bornNow === born) return "alive";
  // The system may hide the processes of other users.
  return bornNow === unreadable ? "unknown" : "gone";
}

async function isOld(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => undefined);
  return found !== undefined && Date.now() - found.ctimeMs > abandonedMs;
}

/** In ticks since the machine started; constant where there is no /proc. */
function bornAt(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    // The fields after the command in parentheses begin with the third.
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[22 - 3]!;
  } catch {
    return unreadable;
  }
}

/**
 * Identifies where process ids mean the same as here: the same boot of the machine and the same
 * namespace.
 */
function placeOfProcesses(): string {
  try {
    const boot = readFileSync("/proc/sys/kernel/random/boot_id", "latin1").slice(0, 8);
    return `${boot}-${readlinkSync("/proc/self/ns/pid").replace(/\D/g, "")}`;
  } catch {
    return "0";
  }
}
