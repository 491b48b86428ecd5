import { CladeError } from "../algorithm/clade-error.ts";
import type { Failure, PopulationStore, RunId } from "../population-store/population-store.ts";

/** Every member failed. The cause is the last error, as far as the store has kept it. */
export class RunFailedError extends CladeError {
  readonly run: RunId;
  /** The last failure of each member, in the order of members. */
  readonly failures: readonly Failure[];

  constructor(run: RunId, failures: readonly Failure[]) {
    const last = failures.toSorted((a, b) => a.at - b.at).at(-1);
    super(
      `run ${run}: every member failed; the last error was: ${last?.message ?? "nothing"}\n` +
        `${last?.stack ?? ""}`,
      last && { cause: errorOf(last) },
    );
    this.run = run;
    this.failures = failures;
  }
}

function errorOf({ message, stack }: Failure): Error {
  const error = new Error(message);
  error.stack = stack;
  return error;
}

/** The error of a run that has failed. */
export async function runFailed(store: PopulationStore, id: RunId): Promise<RunFailedError> {
  const failures: Failure[] = [];
  for (const { member } of await store.members(id))
    failures.push(...(await store.failuresOf(id, member, 1)));
  return new RunFailedError(id, failures);
}
