import { legibleBelow, legibleLine } from "../../algorithm/legible.ts";
import type { Member, PopulationStore, Run } from "../../population-store/population-store.ts";
import { lostModelLines } from "../../report/lost-models.ts";
import { withoutEffect } from "../../report/note-lines.ts";
import {
  count,
  duration,
  hyperparameters,
  plural,
  stepsOfModel,
  time,
} from "../../report/words.ts";
import { type RunSummary, summaryOf } from "../../run/run-summary.ts";
import type { Context } from "../context.ts";
import { command } from "../declare/command.ts";
import type { OptionsOf } from "../declare/option.ts";
import { json } from "../options/json.ts";
import { store } from "../options/store-options.ts";
import { measured } from "../printing/format.ts";
import { findRun } from "../runs/find-run.ts";
import { openStores } from "../runs/open-store.ts";
import {
  notBegunText,
  outageOf,
  outageText,
  presentWorkers,
  stateWord,
  thereOf,
  workerLines,
} from "../runs/run-state.ts";
import { jobLines } from "../submit/jobs.ts";

const declared = [store, json] as const;

export const status = command({
  options: declared,
  action: tellStatus,
});

async function tellStatus(
  context: Context,
  options: OptionsOf<typeof declared>,
  name: string | undefined,
): Promise<void> {
  const { env, print } = context;
  await using stores = await openStores(context, options);
  const { population } = stores;
  const run = await findRun(context, population, name);
  const result = await summaryOf(population, run.id);
  const present = await presentWorkers(population, run);
  const state = await stateWord(population, run);
  const outage = run.state.kind === "running" ? outageOf(present) : undefined;
  const jobs = await jobLines(env, population, run);
  if (options.json) {
    const workers = thereOf(present).map(({ worker }) => worker);
    const waiting = outage && { waiting: outage };
    print(JSON.stringify({ ...result, workers, present, ...waiting, jobs, word: state }));
    return;
  }
  const notBegun = state === "not begun" ? `: ${notBegunText}` : "";
  const reason = "reason" in run.state ? ` (${legibleBelow(run.state.reason)})` : "";
  const time = duration(result.seconds);
  print(`run ${run.id}: ${state}${notBegun}${reason}, ${time}, seed ${run.seed}`);
  if (outage) print(legibleLine(outageText(outage)));
  for (const line of memberLines(await population.members(run.id))) print(line);
  for (const line of beside("workers:", workerLines(present).map(legibleLine))) print(line);
  for (const line of beside("jobs:   ", jobs)) print(line);
  for (const line of resultLines(run, result, await population.counts(run.id))) print(line);
  for (const line of withoutEffect(await population.notes(run.id))) print(`warning: ${line}`);
  for (const line of furtherLines(context, run, state)) print(line);
}

function memberLines(members: readonly Member[]): string[] {
  const inState = (wanted: string) => members.filter((member) => member.state === wanted).length;
  const generations = members.map(({ newest }) => newest.generation).sort((a, b) => a - b);
  const stopped = inState("stopped") > 0 ? `${count(inState("stopped"))} stopped, ` : "";
  return [
    `members: ${count(inState("active"))} active, ${count(inState("finished"))} finished, ` +
      `${stopped}${count(inState("failed"))} failed; ` +
      `generations ${generations[0]} to ${generations.at(-1)}`,
    ...restingLines(members).map((line) => `         ${line}`),
  ];
}

/** Lines with a word in front. */
function beside(word: string, lines: readonly string[]): string[] {
  const blank = " ".repeat(word.length);
  return lines.map((line, index) => `${index === 0 ? word : blank} ${line}`);
}

function resultLines(
  run: Run,
  result: RunSummary,
  counts: Awaited<ReturnType<PopulationStore["counts"]>>,
): string[] {
  const { metric, final } = run.experiment.objective;
  const { best, unscoredMembers } = result;
  const lines = [
    `so far:  ${count(result.totalSteps)} steps, ${plural(counts.snapshots, "snapshot")}, ` +
      `${plural(counts.copies, "copy", "copies")}, ${plural(counts.failures, "failure")}`,
  ];
  if (unscoredMembers > 0) {
    const members = plural(unscoredMembers, "member");
    lines.push(`         ${members} without a score (NaN, infinite or missing)`);
  }
  for (const line of lostModelLines(result.lost, result.snapshot)) lines.push(`         ${line}`);
  if (!best) return lines;
  const heldOut =
    result.final === undefined ? "" : `, ${measured(final, result.final)} (held out)`;
  const where = `member ${best.member} at step ${stepsOfModel(best, run.experiment.budget)}`;
  const values = hyperparameters(best.hyperparameters);
  return [...lines, `best:    ${measured(metric, result.score)}${heldOut}, ${where}: ${values}`];
}

function furtherLines({ clade }: Context, run: Run, state: string): string[] {
  if (state === "interrupted" || state === "stopped")
    return [`continue with: ${clade} resume ${run.id}`];
  return state === "not begun" ? [`begin with: ${clade} worker ${run.id}`] : [];
}

/** Members that rest after a failure. */
function restingLines(members: readonly Member[]): string[] {
  return members.flatMap(({ member, failures, restsUntil }) =>
    restsUntil === undefined
      ? []
      : [
          `member ${member} failed ${plural(failures, "time")} in a row, ` +
            `and is tried again at ${time(restsUntil)}`,
        ],
  );
}
