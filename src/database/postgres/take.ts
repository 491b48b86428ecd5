import { type Row, together } from "../sql.ts";
import type { Steps } from "../steps.ts";
import type { Query } from "./connection.ts";

/** Runs steps, each as one message. */
export async function take<T>(steps: Steps<T>, query: Query): Promise<T> {
  let taken = steps.next();
  while (!taken.done) {
    const rows: readonly (readonly Row[])[] =
      taken.value.length > 0 ? await query(together(...taken.value)) : [];
    taken = steps.next(rows);
  }
  return taken.value;
}
