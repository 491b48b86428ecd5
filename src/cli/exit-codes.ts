/** What the exit status of every command means. */
export const exitCodes = {
  done: 0,
  failed: 1,
  badInput: 2,
  /** Done, but members were given up. */
  membersGivenUp: 3,
  /** Of a worker to the process that started it: it has left, set aside. */
  setAside: 4,
  /** Of `worker`: the run has failed, so that starting the worker again changes nothing. */
  runFailed: 5,
  interrupted: 130,
} as const;
