/** What `run` and `resume` share: local workers, the view of the run, Ctrl-C, and the result. */

import { beginning, type Cursor, type Run } from "../../population-store/population-store.ts";
import { type LocalWorkers, startLocalWorkers } from "../../processes/local-workers.ts";
import type { WorkerProcesses } from "../../processes/worker-processes.ts";
import { runFailed } from "../../run/run-failed-error.ts";
import { type RunSummary, summaryOf } from "../../run/run-summary.ts";
import { eventsUntil } from "../../run/watch.ts";
import { systemClock } from "../../worker/clock.ts";
import { lookEvery } from "../../worker/look-every.ts";
import type { Context } from "../context.ts";
import { exitCodes } from "../exit-codes.ts";
import { jsonReporter, liveReporter, plainReporter, type Reporter } from "../printing/reporter.ts";
import { RunView } from "../printing/run-view.ts";
import type { Stores } from "../runs/open-store.ts";
import { presentWorkers, setAsideOf } from "../runs/run-state.ts";
import { onInterrupt } from "./interruption.ts";
import { localWorkers } from "./local-workers.ts";
import { verifyAtEnd } from "./verify-at-end.ts";

const ticksMs = 200;

/** How often to check whether workers are set aside. */
const lookMs = 2_000;

/**
 * Works on a run with processes of this machine until it ends or is interrupted. Resolves the
 * result and the exit code.
 */
export async function execute(
  context: Context,
  stores: Stores,
  run: Run,
  options: {
    readonly workers: WorkerProcesses;
    readonly json: boolean;
    readonly resumed: boolean;
    readonly allowDifferentCode?: boolean;
    /** Replaces the reporter that `json` selects. */
    readonly reporter?: Reporter;
    /** Already aborted if the interruption came before. */
    readonly signal?: AbortSignal;
  },
): Promise<{ result: RunSummary; exitCode: number }> {
  const reporter = options.reporter ?? (await reporterFor(context, options.json));
  const view = new RunView(run);
  const from = options.resumed ? await stores.population.end(run.id) : beginning;
  if (options.resumed) {
    const { best, copies, failures } = await summaryOf(stores.population, run.id);
    view.begin(await stores.population.members(run.id), best, copies, failures);
  }
  const workers = startLocalWorkers({
    ...localWorkers(context, stores, run, options.workers, () =>
      options.allowDifferentCode ? ["--allow-different-code"] : [],
    ),
    logDirectory: stores.logDirectory,
  });
  const interruption = stopOnInterrupt(context, stores, run, workers, options);
  reporter.started(view, options.workers.count);

  const ended = new AbortController();
  const told = tell(stores, view, from, reporter, ended.signal);
  const ticking = setInterval(() => reporter.tick(view), ticksMs);
  const looking = lookEvery(systemClock, lookMs, () => lookAtWorkers(stores, view, reporter));
  try {
    await workers.finished;
  } catch (error) {
    await stores.population.stop(run.id).catch(() => {});
    throw error;
  } finally {
    clearInterval(ticking);
    looking[Symbol.dispose]();
    ended.abort();
    await told;
    interruption.release();
  }
  // A run may end before the first look.
  if (setAsideOf(view.workers).length === 0) await lookAtWorkers(stores, view, reporter);
  await verifyAtEnd(stores, run);
  const result = await summaryOf(stores.population, run.id);
  reporter.ended(view, result);
  if (result.state.kind === "failed" && !options.json)
    context.warn((await runFailed(stores.population, run.id)).message);
  const interrupted = interruption.happened() || result.state.kind === "stopped";
  return { result, exitCode: interrupted ? exitCodes.interrupted : exitCodeOf(result) };
}

/** All workers of this machine were set aside and have left, while the run is still running. */
function exitCodeOf({ state, failedMembers, lost, best }: RunSummary): number {
  if (state.kind !== "done" || (lost && !best)) return exitCodes.failed;
  return failedMembers > 0 ? exitCodes.membersGivenUp : exitCodes.done;
}

/**
 * Reports when the set-aside workers change. If the store fails here, the workers' own failure
 * reports it.
 */
async function lookAtWorkers(
  { population }: Stores,
  view: RunView,
  reporter: Reporter,
): Promise<void> {
  const aside = () =>
    setAsideOf(view.workers)
      .map(({ worker, state }) => `${worker} ${state.kind}`)
      .join();
  const before = aside();
  view.workers = await presentWorkers(population, view.run).catch(() => view.workers);
  view.time = await population.run(view.run.id).catch(() => view.time);
  if (aside() !== before) reporter.workers?.(view);
}

async function reporterFor(context: Context, json: boolean): Promise<Reporter> {
  if (json) return jsonReporter(context);
  return context.stdout.isTTY ? liveReporter(context) : plainReporter(context);
}

async function tell(
  stores: Stores,
  view: RunView,
  from: Cursor,
  reporter: Reporter,
  ended: AbortSignal,
): Promise<void> {
  for await (const event of eventsUntil(stores.population, view.run.id, ended, from)) {
    view.apply(event);
    reporter.event(event, view);
  }
}

/**
 * The first signal stops the run cleanly, the second exits at once. Published snapshots are not
 * lost either way.
 */
function stopOnInterrupt(
  context: Context,
  stores: Stores,
  run: Run,
  workers: LocalWorkers,
  { json, signal }: { readonly json: boolean; readonly signal?: AbortSignal },
): { happened(): boolean; release(): void } {
  let requests = 0;
  const interrupt = () => {
    requests++;
    if (requests > 1) {
      workers.kill();
      process.exit(exitCodes.interrupted);
    }
    if (!json)
      context.print(
        "\nstopping: workers drop their generation and give their members back " +
          "(Ctrl-C again leaves at once)",
      );
    // If the store fails, the workers' own failure reports it.
    void stores.population
      .stop(run.id)
      .catch(() => {})
      .then(() => workers.stop());
  };
  // An abort of the context's signal is handled below.
  if (signal?.aborted && !context.signal?.aborted) interrupt();
  const listening = onInterrupt(context, interrupt);
  return {
    happened: () => requests > 0,
    release: () => listening[Symbol.dispose](),
  };
}
