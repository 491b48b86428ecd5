/** A few at a time. */

/** Gives out a limited number of turns, first come, first served. */
export class Turns {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  constructor(max: number) {
    this.#free = max;
  }

  async take(): Promise<void> {
    if (this.#free > 0) this.#free--;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  give(): void {
    const next = this.#waiting.shift();
    if (next) next();
    else this.#free++;
  }
}

/**
 * Works on 0, 1, ..., at most `max` at a time. After a failure it starts no more, and rejects once
 * all that it started have ended.
 */
export async function inParallel(
  count: number,
  max: number,
  work: (index: number) => Promise<void>,
): Promise<void> {
  let next = 0;
  const errors: unknown[] = [];
  const lane = async () => {
    while (next < count && errors.length === 0)
      await work(next++).catch((error) => errors.push(error));
  };
  await Promise.all(Array.from({ length: Math.min(max, count) }, lane));
  if (errors.length > 0) throw errors[0];
}
