/** What the exit status of every command means. */
export const exitCodes = {
  done: 0,
  failed: 1,
  badInput: 2,
  /** Done, but members were given up. */
  membersGivenUp: 3,
  /** From a worker to the process that started it: it has left after it was set aside. */
  setAside: 4,
  /** From `worker`: the run has failed, so starting the worker again is useless. */
  runFailed: 5,
  interrupted: 130,
} as const;
