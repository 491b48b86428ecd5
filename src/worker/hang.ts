/**
 * What a worker is told whose predecessor was killed because its trainer blocked it: it tries
 * itself before it claims anything.
 */
export interface Hang {
  /**
   * When the first of the hangs in a row was, as a Unix time in milliseconds, and how many there
   * were.
   */
  readonly since: number;
  readonly hangs: number;
  /** Whose generation the first was. */
  readonly member: number;
  readonly blockedMs: number;
  readonly message: string;
}
