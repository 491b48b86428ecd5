import { CladeError } from "../../algorithm/clade-error.ts";
import {
  type Run,
  RunNotFoundError,
  type RunState,
} from "../../population-store/population-store.ts";
import { type LocalWorkers, startLocalWorkers } from "../../processes/local-workers.ts";
import type { WorkerProcesses } from "../../processes/worker-processes.ts";
import { plural } from "../../report/words.ts";
import type { Context } from "../context.ts";
import { exitCodes } from "../exit-codes.ts";
import type { Stores } from "../runs/open-store.ts";
import { onInterrupt } from "./interruption.ts";
import type { JoinOptions } from "./join-run.ts";
import { localWorkers } from "./local-workers.ts";
import { verifyAtEnd } from "./verify-at-end.ts";

/**
 * Works on a run with processes of this machine, which leave when asked to. Resolves the run's
 * state afterwards. Throws if everything failed on them.
 */
export async function workOnRun(
  context: Context,
  stores: Stores,
  run: Run,
  processes: WorkerProcesses,
  options: JoinOptions,
): Promise<RunState | "interrupted"> {
  const { clade, print } = context;
  const { count } = processes;
  print(`working on run ${run.id} with ${plural(count, "worker")}; Ctrl-C leaves`);
  const more = joinWords(options);
  const workers = startLocalWorkers(
    localWorkers(context, stores, run, processes, (index) => [
      ...more,
      "--tell",
      `${index + 1}/${count}`,
    ]),
  );
  using leaving = leaveOnInterrupt(context, workers);
  const { signal } = leaving;
  const { setAside } = await workers.finished.catch((error) => {
    if (!signal.aborted) throw error;
    return { setAside: 0 };
  });
  if (signal.aborted) return "interrupted";
  const state = await stateOf(stores, run);
  if (state.kind === "done") await verifyAtEnd(stores, run, { others: true });
  // Also at the run's end, so that a scheduler sees that this machine contributed nothing.
  if (state.kind !== "failed" && setAside > 0) {
    const those =
      count === 1
        ? "this machine's worker"
        : `${setAside} of this machine's ${plural(count, "worker")}`;
    const remedy = state.kind === "running" ? `, start again with: ${clade} worker ${run.id}` : "";
    throw new CladeError(`run ${run.id}: everything failed on ${those}; fix the cause${remedy}`);
  }
  return state;
}

function joinWords({ experiment, allowDifferentCode }: JoinOptions): readonly string[] {
  return [
    ...(experiment === undefined ? [] : ["--experiment", experiment]),
    ...(allowDifferentCode ? ["--allow-different-code"] : []),
  ];
}

/** A removed run counts as stopped. */
async function stateOf({ population }: Stores, { id }: Run): Promise<RunState> {
  try {
    return (await population.run(id)).state;
  } catch (error) {
    if (!(error instanceof RunNotFoundError)) throw error;
    return { kind: "stopped" };
  }
}

/**
 * A scheduler may signal both a job's script, which passes the signal on, and this process. Both
 * count as one request.
 */
const sameSignalMs = 500;

/** The first signal asks the workers to leave, and aborts. The second kills them. */
function leaveOnInterrupt(
  context: Context,
  workers: LocalWorkers,
): Disposable & { readonly signal: AbortSignal } {
  const asked = new AbortController();
  let askedAt = Number.POSITIVE_INFINITY;
  const listening = onInterrupt(context, () => {
    if (performance.now() - askedAt > sameSignalMs) {
      workers.kill();
      process.exit(exitCodes.interrupted);
    }
    askedAt = Math.min(askedAt, performance.now());
    asked.abort();
    workers.stop();
  });
  return { ...listening, signal: asked.signal };
}
