import { builtInStrategies } from "../../algorithm/built-in-strategies.ts";
import { legibleBelow } from "../../algorithm/legible.ts";
import { schedule } from "../../algorithm/schedule.ts";
import type { Snapshot } from "../../algorithm/snapshot.ts";
import type { StrategyDescription } from "../../algorithm/strategy.ts";
import { lineage } from "../../analysis/lineage.ts";
import type { Run } from "../../population-store/population-store.ts";
import { lostModelLines } from "../../report/lost-models.ts";
import { unproved, withoutEffect } from "../../report/note-lines.ts";
import {
  count,
  duration,
  hyperparameters,
  plural,
  shortened,
  stepsOfModel,
} from "../../report/words.ts";
import type { RunSummary } from "../../run/run-summary.ts";
import type { Context } from "../context.ts";
import type { Stores } from "../runs/open-store.ts";
import { measured } from "./format.ts";
import { scheduleText } from "./schedule-text.ts";
import { styled } from "./terminal.ts";

/** The output for a person when a run has ended. */
export async function printResult(
  context: Context,
  stores: Stores,
  result: RunSummary,
): Promise<void> {
  const { clade, print } = context;
  const run = await stores.population.run(result.run);
  if (result.state.kind === "stopped") {
    print(
      `\nstopped after ${duration(result.seconds)}; nothing that was published is lost. ` +
        `Continue with: ${clade} resume ${result.run}`,
    );
    return;
  }
  if (result.state.kind === "running") {
    print(
      "\neverything failed on the workers of this machine, so they have left; " +
        `the run goes on with others. See: ${clade} status ${result.run}`,
    );
    return;
  }
  await printEnd(context, stores, run, result);
  const notes = await stores.population.notes(run.id);
  for (const line of withoutEffect(notes)) print(`warning: ${line}`);
  for (const line of unproved(notes)) print(`note: ${line}`);
  if (result.state.kind === "done" && result.failedMembers > 0) {
    const members = plural(run.experiment.population, "member");
    const were = result.failedMembers === 1 ? "was" : "were";
    const last = await lastErrorOf(stores, result);
    print(
      `\ndone, but ${count(result.failedMembers)} of ${members} ${were} given up (${last}); ` +
        `${clade} resume ${result.run} gives them another chance`,
    );
  }
}

/** The last error of a member that was given up. */
async function lastErrorOf({ population }: Stores, { run, givenUp }: RunSummary): Promise<string> {
  const [last] = await population.failuresOf(run, givenUp[0]!, 1);
  return shortened(last?.message ?? "no error was kept", 300);
}

async function printEnd(
  context: Context,
  stores: Stores,
  run: Run,
  result: RunSummary,
): Promise<void> {
  const { clade, print } = context;
  const { best, state } = result;
  const how = legibleBelow("reason" in state ? state.reason : state.kind);
  print(
    `\n${state.kind} in ${duration(result.seconds)}: ${how}; ` +
      `${count(result.totalSteps)} steps, ${plural(result.copies, "copy", "copies")}`,
  );
  for (const line of troubleLines(context, run, result)) print(line);
  for (const line of lostModelLines(result.lost, result.snapshot)) print(line);
  if (!best && result.lost) return;
  if (!best) return print("no member was ever scored, so there is no best model");
  for (const line of bestLines(context, run, best)) print(line);
  const chain = await lineage(best.id, (id) => stores.population.snapshot(run.id, id));
  print(`\nthe schedule that made it:\n${scheduleText(schedule(chain))}`);
  print(`\nsee also: ${clade} show ${run.id}      who copied whom, and why`);
  const indent = "          ";
  print(`${indent}${clade} report ${run.id}      figures: lineage, tree, schedules`);
  print(`${indent}${clade} best ${run.id} --out DIR      the model's files and its schedule`);
}

/** The problems of a run. */
function troubleLines({ clade }: Context, run: Run, result: RunSummary): string[] {
  const { best, failures, failedMembers, unscoredMembers } = result;
  const lines: string[] = [];
  if (failures > 0)
    lines.push(
      `${plural(failures, "failure")} of trainers; ` +
        `${plural(failedMembers, "member")} given up. See: ${clade} show ${run.id}`,
    );
  if (unscoredMembers > 0) {
    const members = plural(unscoredMembers, "member");
    lines.push(`${members} ended without a score (NaN, infinite or missing)`);
  }
  const { exploit } = run.experiment;
  if (best && !best.samples && comparesSamples(exploit))
    lines.push(
      `${exploit.name} had no samples to compare: let evaluate() report samples, ` +
        "such as the last 10 returns",
    );
  return lines;
}

function comparesSamples({ name, options }: StrategyDescription): boolean {
  const factory = builtInStrategies.exploit.find(({ definition }) => definition.name === name);
  return factory?.definition.comparesSamples?.(options as never) ?? false;
}

function bestLines({ stdout }: Context, run: Run, best: Snapshot): string[] {
  const { metric } = run.experiment.objective;
  const others = Object.entries(best.metrics).filter(([name]) => name !== metric);
  const shown = [
    styled("bold", measured(metric, best.score), stdout),
    ...others.map(([name, value]) => measured(name, value)),
  ];
  const values = hyperparameters(best.hyperparameters);
  const steps = stepsOfModel(best, run.experiment.budget);
  return [
    `best: ${shown.join(", ")}; member ${best.member} at step ${steps}`,
    ...(values === "" ? [] : [`      ${values}`]),
  ];
}
