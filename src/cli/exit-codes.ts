/** What the exit status of every command means. */
export const exitCodes = { done: 0, failed: 1, badInput: 2, interrupted: 130 } as const;
