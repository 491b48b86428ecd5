/**
 * Kills the process group that a process leads, including what a trainer in it has started. Does
 * nothing if there is none.
 */
export function killGroup(leader: number): void {
  try {
    process.kill(-leader, "SIGKILL");
  } catch {
    // The group is empty, or this system has no process groups.
  }
}
