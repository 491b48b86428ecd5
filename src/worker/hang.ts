/**
 * What a worker is told if its predecessor was killed because its trainer blocked it. The worker
 * then tests itself before it claims anything.
 */
export interface Hang {
  /** The Unix time in milliseconds of the first of the hangs in a row, and their number. */
  readonly since: number;
  readonly hangs: number;
  /** The member of the first hang. */
  readonly member: number;
  readonly blockedMs: number;
  readonly message: string;
}
