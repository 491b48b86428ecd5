/** The number of files or objects that are read or written at the same time. */
const defaultConcurrency = 8;

/**
 * Works on every item, at most `concurrency` at a time. After a failure it starts no more, and
 * rejects once all that it started have ended.
 */
export async function mapConcurrently<T>(
  items: readonly T[],
  work: (item: T, index: number) => Promise<void>,
  concurrency = defaultConcurrency,
): Promise<void> {
  let next = 0;
  const errors: unknown[] = [];
  const lane = async () => {
    while (next < items.length && errors.length === 0) {
      const index = next++;
      await work(items[index]!, index).catch((error) => errors.push(error));
    }
  };
  await Promise.all(Array.from({ length: Math.min(concurrency, items.length) }, lane));
  if (errors.length > 0) throw errors[0];
}
