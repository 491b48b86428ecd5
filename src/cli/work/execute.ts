/** What `run` and `resume` share: local workers, the view of the run, Ctrl-C, and the result. */

import { legibleBelow } from "../../algorithm/legible.ts";
import { schedule } from "../../algorithm/schedule.ts";
import { lineage } from "../../analysis/lineage.ts";
import { type Cursor, type Run, start } from "../../population-store/population-store.ts";
import { type LocalWorkers, startLocalWorkers } from "../../processes/local-workers.ts";
import type { WorkerProcesses } from "../../processes/worker-processes.ts";
import { lostModelLines } from "../../report/lost-models.ts";
import { unproved, withoutEffect } from "../../report/note-lines.ts";
import { count, duration, plural, shortened } from "../../report/words.ts";
import { lookEvery } from "../../worker/look-every.ts";
import { allFailed } from "../../worker/run.ts";
import { type RunResult, resultOf, watch } from "../../worker/watch.ts";
import { clade } from "../clade-command.ts";
import { exitCodes } from "../exit-codes.ts";
import { hyperparameters, measured } from "../printing/format.ts";
import { jsonReporter, liveReporter, plainReporter, type Reporter } from "../printing/reporter.ts";
import { RunView } from "../printing/run-view.ts";
import { scheduleText } from "../printing/schedule-text.ts";
import { styled } from "../printing/terminal.ts";
import type { Stores } from "../runs/open-store.ts";
import { presentWorkers, setAsideOf } from "../runs/run-state.ts";
import { localWorkers } from "./local-workers.ts";
import { verifyAtEnd } from "./verify-at-end.ts";

const ticksMs = 200;

/** How often it is looked whether workers are set aside. */
const lookMs = 2_000;

/** What asks to stop. */
export const signalNames = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/**
 * Works on a run with processes of this machine until it ends or is interrupted. Resolves the
 * result and the exit code.
 */
export async function execute(
  stores: Stores,
  run: Run,
  options: {
    readonly workers: WorkerProcesses;
    readonly json: boolean;
    readonly resumed: boolean;
    readonly allowDifferentCode?: boolean;
    /** Tells the run otherwise than `json` says. */
    readonly reporter?: Reporter;
    /** Aborted when the interruption came before. */
    readonly signal?: AbortSignal;
  },
): Promise<{ result: RunResult; exitCode: number }> {
  const reporter = options.reporter ?? (await reporterFor(options.json));
  const view = new RunView(run);
  const from = options.resumed ? await stores.population.end(run.id) : start;
  if (options.resumed) {
    const { best, copies, failures } = await resultOf(stores.population, run.id);
    view.begin(await stores.population.members(run.id), best, copies, failures);
  }
  const workers = startLocalWorkers({
    ...localWorkers(stores, run, options.workers, () =>
      options.allowDifferentCode ? ["--allow-different-code"] : [],
    ),
    logDirectory: stores.logDirectory,
  });
  const interruption = onInterrupt(stores, run, workers, options);
  reporter.started(view, options.workers.count);

  const ended = new AbortController();
  const told = tell(stores, view, from, reporter, ended.signal);
  const ticking = setInterval(() => reporter.tick(view), ticksMs);
  const looking = lookEvery(lookMs, () => lookAtWorkers(stores, view, reporter));
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
  // A run may end before anybody has looked.
  if (setAsideOf(view.workers).length === 0) await lookAtWorkers(stores, view, reporter);
  await verifyAtEnd(stores, run);
  const result = await resultOf(stores.population, run.id);
  reporter.ended(view, result);
  if (result.state.kind === "failed" && !options.json)
    console.error((await allFailed(stores.population, run.id)).message);
  const interrupted = interruption.happened() || result.state.kind === "stopped";
  return { result, exitCode: interrupted ? exitCodes.interrupted : exitCodeOf(result) };
}

/** Of a run that still goes on, all workers of this machine have left, set aside. */
function exitCodeOf({ state, failedMembers, lost, best }: RunResult): number {
  if (state.kind !== "done" || (lost && !best)) return exitCodes.failed;
  return failedMembers > 0 ? exitCodes.membersGivenUp : exitCodes.done;
}

/**
 * Tells when other workers are set aside than before. When the store fails here, the workers' own
 * failure says so.
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

/** What a person reads when a run has ended. */
export async function printResult(stores: Stores, result: RunResult): Promise<void> {
  const run = await stores.population.run(result.run);
  if (result.state.kind === "stopped") {
    console.log(
      `\nstopped after ${duration(result.seconds)}; nothing that was published is lost. Go on with: ${clade} resume ${result.run}`,
    );
    return;
  }
  if (result.state.kind === "running") {
    console.log(
      `\neverything failed on the workers of this machine, so they have left; the run goes on with others. See: ${clade} status ${result.run}`,
    );
    return;
  }
  await printEnd(stores, run, result);
  const notes = await stores.population.notes(run.id);
  for (const line of withoutEffect(notes)) console.log(`warning: ${line}`);
  for (const line of unproved(notes)) console.log(`note: ${line}`);
  if (result.state.kind === "done" && result.failedMembers > 0) {
    const were = `${count(result.failedMembers)} of ${plural(run.experiment.population, "member")} ${result.failedMembers === 1 ? "was" : "were"}`;
    const last = await lastErrorOf(stores, result);
    console.log(
      `\ndone, but ${were} given up (${last}); ${clade} resume ${result.run} gives them another chance`,
    );
  }
}

/** What a member that was given up said last. */
async function lastErrorOf({ population }: Stores, { run, givenUp }: RunResult): Promise<string> {
  const [last] = await population.failuresOf(run, givenUp[0]!, 1);
  return shortened(last?.message ?? "no error was kept", 300);
}

async function printEnd(stores: Stores, run: Run, result: RunResult): Promise<void> {
  const { metric } = run.experiment.objective;
  const { best } = result;
  const how = "reason" in result.state ? result.state.reason : result.state.kind;
  console.log(
    `\n${result.state.kind} in ${duration(result.seconds)}: ${legibleBelow(how)}; ${count(result.totalSteps)} steps, ${plural(result.copies, "copy", "copies")}`,
  );
  if (result.failures > 0)
    console.log(
      `${plural(result.failures, "failure")} of trainers; ${plural(result.failedMembers, "member")} given up. See: ${clade} show ${result.run}`,
    );
  if (result.unscoredMembers > 0)
    console.log(
      `${plural(result.unscoredMembers, "member")} ended without a score (NaN, infinite or missing)`,
    );
  if (run.experiment.exploit.name === "tTestSelection" && best && !best.samples)
    console.log(
      "tTestSelection had no samples to compare: let evaluate() report samples, such as the last 10 returns",
    );
  for (const line of lostModelLines(result.lost, result.snapshot)) console.log(line);
  if (!best && result.lost) return;
  if (!best) return console.log("no member was ever scored, so there is no best model");
  const others = Object.entries(best.metrics).filter(([name]) => name !== metric);
  const shown = [
    styled("bold", measured(metric, best.score)),
    ...others.map(([name, value]) => measured(name, value)),
  ];
  console.log(`best: ${shown.join(", ")}; member ${best.member} at step ${count(best.step)}`);
  const values = hyperparameters(best.hyperparameters);
  if (values !== "") console.log(`      ${values}`);
  const chain = await lineage(best.id, (id) => stores.population.snapshot(run.id, id));
  console.log(`\nthe schedule that made it:\n${scheduleText(schedule(chain))}`);
  console.log(`\nlook further: ${clade} show ${result.run}      who copied whom, and why`);
  console.log(
    `              ${clade} report ${result.run}      the same in figures: lineage, tree, schedules`,
  );
  console.log(
    `              ${clade} best ${result.run} --out DIR      the model's files and its schedule`,
  );
}

async function reporterFor(json: boolean): Promise<Reporter> {
  if (json) return jsonReporter();
  return process.stdout.isTTY ? liveReporter() : plainReporter();
}

async function tell(
  stores: Stores,
  view: RunView,
  from: Cursor,
  reporter: Reporter,
  ended: AbortSignal,
): Promise<void> {
  for await (const event of watch(stores.population, view.run.id, ended, from)) {
    view.apply(event);
    reporter.event(event, view);
  }
}

/**
 * The first signal stops the run in good order, the second leaves at once. Nothing that was
 * published is lost either way.
 */
function onInterrupt(
  stores: Stores,
  run: Run,
  workers: LocalWorkers,
  { json, signal }: { readonly json: boolean; readonly signal?: AbortSignal },
): { happened(): boolean; release(): void } {
  let signals = 0;
  const interrupt = () => {
    signals++;
    if (signals > 1) {
      workers.kill();
      process.exit(exitCodes.interrupted);
    }
    if (!json)
      console.log(
        "\nstopping: workers drop their generation and give their members back (Ctrl-C again leaves at once)",
      );
    // When the store fails, the workers' own failure says so.
    void stores.population
      .stop(run.id)
      .catch(() => {})
      .then(() => workers.stop());
  };
  if (signal?.aborted) interrupt();
  for (const name of signalNames) process.on(name, interrupt);
  return {
    happened: () => signals > 0,
    release() {
      for (const name of signalNames) process.off(name, interrupt);
    },
  };
}
