/**
 * Names for what a process is writing, which say whose it is: when the process has died, what it left can go at once, and what a living one writes stays
 * however long that takes. Process ids come back and containers of one host name may have the same, so a name has the time of birth and the namespace, too.
 */
import { randomUUID } from "node:crypto";
import { readFileSync, readlinkSync } from "node:fs";
import { hostname } from "node:os";

/** What was left by processes that cannot be asked about, as on another machine, goes after this time without a change. */
const abandonedMs = 24 * 3_600_000;

const place = placeOfProcesses();
const own = [hostname(), process.pid, bornAt(process.pid), place].join(":");

/** A name that nobody else uses. */
export function ownedName(): string {
  return `${own}:${randomUUID()}`;
}

/** Whether what has a name was left by a process that is gone. `changedAt` is Unix time in milliseconds. */
export function isLeftOver(name: string, changedAt: number): boolean {
  const [host, pid, born, itsPlace] = name.split(":");
  if (host !== hostname() || itsPlace !== place) return Date.now() - changedAt > abandonedMs;
  try {
    process.kill(Number(pid), 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ESRCH") return true;
  }
  return bornAt(Number(pid)) !== born;
}

/** In ticks since the machine was started; constant where there is no /proc. */
function bornAt(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    // The fields after the command in parentheses begin with the third.
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[22 - 3]!;
  } catch {
    return "0";
  }
}

/** Where process ids mean the same as here: since the same start of the machine, in the same namespace. */
function placeOfProcesses(): string {
  try {
    const boot = readFileSync("/proc/sys/kernel/random/boot_id", "latin1").slice(0, 8);
    return `${boot}-${readlinkSync("/proc/self/ns/pid").replace(/\D/g, "")}`;
  } catch {
    return "0";
  }
}
