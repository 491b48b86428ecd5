/** The processor time of processes, in milliseconds, as Linux counts it. */
import { readdirSync, readFileSync } from "node:fs";

const tickMs = 10;

interface Process {
  readonly pid: number;
  readonly parent: number;
  readonly ms: number;
  /** Of children that have ended. */
  readonly childrenMs: number;
}

export function processorMs(pid: number): number {
  return read(pid)?.ms ?? 0;
}

/** Of a PostgreSQL server with all its processes, known by its port. */
export function serverProcessorMs(port: number): number {
  const processes = readdirSync("/proc").flatMap((name) =>
    /^\d+$/.test(name) ? (read(Number(name)) ?? []) : [],
  );
  const main = processes.find(({ pid }) => commandLine(pid).includes(`\0-p\0${port}\0`));
  if (!main) throw new Error(`there is no server with port ${port}`);
  const own = processes.filter(({ parent }) => parent === main.pid);
  return main.ms + main.childrenMs + own.reduce((sum, { ms }) => sum + ms, 0);
}

function read(pid: number): Process | undefined {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1)!.split(" ");
    const ticks = (first: number) => tickMs * (Number(fields[first]) + Number(fields[first + 1]));
    return { pid, parent: Number(fields[1]), ms: ticks(11), childrenMs: ticks(13) };
  } catch {
    return undefined;
  }
}

function commandLine(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8");
  } catch {
    return "";
  }
}
