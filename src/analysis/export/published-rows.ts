import type { Decision } from "../../algorithm/population-based-training.ts";
import {
  beginning,
  type Cursor,
  type Failure,
  type PopulationStore,
  type PublishedSnapshot,
  type RunId,
} from "../../population-store/population-store.ts";

/** What a run publishes; each is a table. */
export interface Rows {
  readonly snapshots: PublishedSnapshot;
  readonly decisions: Decision;
  readonly failures: Failure;
}

export type Table = keyof Rows;

/** 1,000 snapshots are about 1 MB, and the store is asked 100 times for 100,000. */
const pageRows = 1000;

/**
 * The first `count` rows of a table in the order of publication, a page at a time; all that there
 * are now when no count is given. Throws `RunNotFoundError`.
 */
export async function* publishedRows<T extends Table>(
  store: PopulationStore,
  run: RunId,
  table: T,
  count = Number.POSITIVE_INFINITY,
): AsyncGenerator<readonly Rows[T][]> {
  const end = Number.MAX_SAFE_INTEGER;
  let cursor: Cursor = {
    snapshots: end,
    decisions: end,
    failures: end,
    [table]: beginning[table],
  };
  for (let left = count; left > 0; ) {
    const changes = await store.changes(run, cursor, Math.min(pageRows, left));
    const page = changes[table] as readonly Rows[T][];
    if (page.length === 0) return;
    yield page;
    cursor = changes.cursor;
    left -= page.length;
  }
}
