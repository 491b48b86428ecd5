import { readdir, readFile } from "node:fs/promises";

/**
 * Resident memory of a process group in MiB; 0 where there is no /proc. Pages that processes share count once (the proportional set
 * size), where the system says so.
 */
export async function residentMegabytes(group: number): Promise<number> {
  let kilobytes = 0;
  for (const name of await readdir("/proc").catch(() => [])) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const stat = await readFile(`/proc/${name}/stat`, "latin1");
      // After the command in parentheses: state, parent, group.
      if (Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[2]) !== group) continue;
      const rollup = await readFile(`/proc/${name}/smaps_rollup`, "latin1");
      kilobytes += Number(/^Pss:\s+(\d+)/m.exec(rollup)?.[1] ?? 0);
    } catch {
      // It has ended meanwhile.
    }
  }
  return kilobytes / 1024;
}
