/**
 * Kills the process group that a process leads, with what a trainer in it has started. Does
 * nothing when there is none.
 */
export function killGroup(leader: number): void {
  try {
    process.kill(-leader, "SIGKILL");
  } catch {
    // Nobody is left in it, or this system has no groups.
  }
}
