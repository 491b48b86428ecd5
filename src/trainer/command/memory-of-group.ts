import { readdir, readFile } from "node:fs/promises";

interface Process {
  readonly pid: number;
  readonly parent: number;
  readonly group: number;
}

/**
 * Resident memory in MiB of a process group and all that its processes have started; 0 without
 * /proc. Where the system tells, shared pages count once (the proportional set size).
 */
export async function residentMegabytes(group: number): Promise<number> {
  const members = new Set<number>();
  const processes = await listed();
  for (let before = -1; before < members.size; ) {
    before = members.size;
    for (const { pid, parent, group: its } of processes)
      if (its === group || members.has(parent)) members.add(pid);
  }
  const kilobytes = await Promise.all([...members].map(residentKilobytes));
  return kilobytes.reduce((sum, each) => sum + each, 0) / 1024;
}

async function listed(): Promise<Process[]> {
  const names = await readdir("/proc").catch(() => []);
  const processes = names.map(async (name): Promise<Process | undefined> => {
    if (!/^\d+$/.test(name)) return undefined;
    const stat = await readFile(`/proc/${name}/stat`, "latin1").catch(() => undefined);
    // After the command in parentheses: state, parent, group.
    const [, parent, group] = stat?.slice(stat.lastIndexOf(")") + 2).split(" ") ?? [];
    return { pid: Number(name), parent: Number(parent), group: Number(group) };
  });
  return (await Promise.all(processes)).filter((found) => found !== undefined);
}

/** 0 for a process that has ended meanwhile. */
async function residentKilobytes(pid: number): Promise<number> {
  const read = (file: string, line: RegExp) =>
    readFile(`/proc/${pid}/${file}`, "latin1").then((text) => Number(line.exec(text)![1]));
  return await read("smaps_rollup", /^Pss:\s+(\d+)/m)
    .catch(() => read("status", /^VmRSS:\s+(\d+)/m))
    .catch(() => 0);
}
