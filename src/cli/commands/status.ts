import { legibleBelow, legibleLine } from "../../algorithm/legible.ts";
import type { Member } from "../../population-store/population-store.ts";
import { lostModelLines } from "../../report/lost-models.ts";
import { withoutEffect } from "../../report/note-lines.ts";
import { count, duration, plural, time } from "../../report/words.ts";
import { resultOf } from "../../worker/watch.ts";
import { clade } from "../clade-command.ts";
import { hyperparameters, measured } from "../printing/format.ts";
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

export async function statusCommand(
  name: string | undefined,
  options: { readonly store?: string; readonly json?: boolean },
): Promise<void> {
  await using stores = await openStores(options);
  const run = await findRun(stores.population, name);
  const members = await stores.population.members(run.id);
  const result = await resultOf(stores.population, run.id);
  const present = await presentWorkers(stores.population, run);
  const workers = thereOf(present).map(({ worker }) => worker);
  const state = await stateWord(stores.population, run);
  const outage = run.state.kind === "running" ? outageOf(present) : undefined;
  const jobs = await jobLines(stores.population, run);
  if (options.json) {
    console.log(
      JSON.stringify({
        ...result,
        workers,
        present,
        ...(outage && { waiting: outage }),
        jobs,
        word: state,
      }),
    );
    return;
  }
  const { metric, final } = run.experiment.objective;
  const counts = await stores.population.counts(run.id);
  const reason = "reason" in run.state ? ` (${legibleBelow(run.state.reason)})` : "";
  const inState = (wanted: string) => members.filter((member) => member.state === wanted).length;
  const generations = members.map(({ newest }) => newest.generation).sort((a, b) => a - b);
  const notBegun = state === "not begun" ? `: ${notBegunText}` : "";
  console.log(
    `run ${run.id}: ${state}${notBegun}${reason}, ${duration(result.seconds)}, seed ${run.seed}`,
  );
  if (outage) console.log(legibleLine(outageText(outage)));
  const stopped = inState("stopped") > 0 ? `${count(inState("stopped"))} stopped, ` : "";
  console.log(
    `members: ${count(inState("active"))} active, ${count(inState("finished"))} finished, ${stopped}${count(inState("failed"))} failed; generations ${generations[0]} to ${generations.at(-1)}`,
  );
  for (const line of restingLines(members)) console.log(`         ${line}`);
  for (const [index, line] of workerLines(present).entries())
    console.log(`${index === 0 ? "workers:" : "        "} ${legibleLine(line)}`);
  for (const [index, line] of jobs.entries())
    console.log(`${index === 0 ? "jobs:   " : "        "} ${line}`);
  console.log(
    `so far:  ${count(result.totalSteps)} steps, ${plural(counts.snapshots, "snapshot")}, ${plural(counts.copies, "copy", "copies")}, ${plural(counts.failures, "failure")}`,
  );
  if (result.unscoredMembers > 0)
    console.log(
      `         ${plural(result.unscoredMembers, "member")} without a score (NaN, infinite or missing)`,
    );
  for (const line of lostModelLines(result.lost, result.snapshot)) console.log(`         ${line}`);
  if (result.best) {
    const heldOut =
      result.final === undefined ? "" : `, ${measured(final, result.final)} (held out)`;
    console.log(
      `best:    ${measured(metric, result.score)}${heldOut}, member ${result.best.member} at step ${count(result.best.step)}: ${hyperparameters(result.best.hyperparameters)}`,
    );
  }
  for (const line of withoutEffect(await stores.population.notes(run.id)))
    console.log(`warning: ${line}`);
  if (state === "interrupted" || state === "stopped")
    console.log(`go on with: ${clade} resume ${run.id}`);
  if (state === "not begun") console.log(`begin with: ${clade} worker ${run.id}`);
}

/** Members that rest after a failure. */
function restingLines(members: readonly Member[]): string[] {
  return members.flatMap(({ member, failures, restsUntil }) =>
    restsUntil === undefined
      ? []
      : [
          `member ${member} failed ${plural(failures, "time")} in a row, and is tried again at ${time(restsUntil)}`,
        ],
  );
}
