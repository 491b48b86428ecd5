import { legibleBelow, legibleLine } from "../algorithm/legible.ts";
import type { Decision } from "../algorithm/population-based-training.ts";
import { BadInputError } from "../algorithm/problem.ts";
import { ordinalOf, type Snapshot, snapshotId } from "../algorithm/snapshot.ts";
import {
  type Cursor,
  type Failure,
  type Run,
  type RunNote,
  start,
} from "../population-store/population-store.ts";
import { count, number } from "../report/words.ts";
import { findRun } from "./find-run.ts";
import { hyperparameters, table } from "./format.ts";
import { openStores, type Stores } from "./open-store.ts";
import { failureLine, isRecovery, recoveryLine } from "./reporter.ts";
import { copySentence } from "./run-view.ts";

interface Options {
  readonly store?: string;
  readonly member?: number;
  readonly all?: boolean;
  readonly json?: boolean;
}

/** Copies shown when not all are asked for. */
const lastCopies = 20;

export async function showCommand(name: string | undefined, options: Options): Promise<void> {
  await using stores = await openStores(options);
  const run = await findRun(stores.population, name);
  const { population } = run.experiment;
  if (options.member !== undefined && options.member >= population) {
    const remedy = `give a number from 0 to ${population - 1}`;
    throw new BadInputError([
      { path: "--member", value: String(options.member), rule: `the run has ${population} members`, remedy },
    ]);
  }
  const { decisions, failures } = await history(stores, run, options.member);
  const notes = options.member === undefined ? await stores.population.notes(run.id) : [];
  if (options.json) {
    for (const decision of decisions) console.log(JSON.stringify({ type: "decision", decision }));
    for (const failure of failures) console.log(JSON.stringify({ type: "failure", failure }));
    for (const note of notes) console.log(JSON.stringify({ type: "note", note }));
    return;
  }
  if (options.member === undefined) await showPopulation(stores, run, decisions, options.all ?? false);
  else for (const decision of decisions) console.log(await explained(stores, run, decision));
  for (const failure of failures) {
    console.log(`\n${failureLine(failure)}`);
    if (options.member !== undefined) console.log(legibleBelow(`    ${failure.stack}`));
  }
  for (const note of notes) console.log(`\n${noteLine(note)}`);
}

function noteLine(note: RunNote): string {
  switch (note.kind) {
    case "job":
      return `${note.scheduler} job ${legibleLine(note.id)} was submitted to work on it`;
    case "different-code":
      return `${legibleLine(note.worker)} joined with code that is not that of the run: ${note.differences.map(legibleLine).join(", ")}`;
  }
}

async function showPopulation(
  stores: Stores,
  run: Run,
  decisions: readonly Decision[],
  all: boolean,
): Promise<void> {
  const members = await stores.population.members(run.id);
  const rows = members.map(({ member, state, newest }) => [
    String(member),
    state,
    count(newest.generation),
    count(newest.step),
    number(newest.score),
    newest.kind === "copied" ? `copied ${newest.donor}` : newest.kind,
    hyperparameters(newest.hyperparameters),
  ]);
  console.log(
    table([
      ["member", "state", "generation", "step", run.experiment.objective.metric, "newest", "hyperparameters"],
      ...rows,
    ]),
  );
  const copies = decisions.filter(({ kind }) => kind === "copy");
  const shown = all ? copies : copies.slice(-lastCopies);
  const hidden = copies.length - shown.length;
  console.log(
    `\n${hidden > 0 ? `the last ${shown.length} of ${count(copies.length)} copies (--all shows every one):` : `${count(copies.length)} copies:`}`,
  );
  for (const decision of shown) console.log(await explained(stores, run, decision));
  for (const decision of decisions.filter(isRecovery)) console.log(recoveryLine(decision));
}

/** "member 3 copied member 7 at step 1,200: ... because rank 8 of 8 is in the bottom 2". */
async function explained(stores: Stores, run: Run, decision: Decision): Promise<string> {
  const { snapshot, donor, kind, reason, generation, member } = decision;
  const before = await stores.population.snapshot(run.id, snapshot);
  if (kind === "keep") {
    return `generation ${generation}: member ${member} went on at step ${count(before.step)} with score ${number(before.score)}: ${legibleBelow(reason.text)}`;
  }
  const from = await stores.population.snapshot(run.id, donor!);
  const after: Snapshot = await stores.population.snapshot(
    run.id,
    snapshotId(member, ordinalOf(snapshot) + 1),
  );
  return `generation ${generation}: ${copySentence(decision, before, from, after)}\n    because ${legibleBelow(reason.text)}`;
}

async function history(
  stores: Stores,
  run: Run,
  member: number | undefined,
): Promise<{ decisions: Decision[]; failures: Failure[] }> {
  const decisions: Decision[] = [];
  const failures: Failure[] = [];
  // The snapshots are not wanted here.
  for (let cursor: Cursor = { ...start, snapshots: Number.MAX_SAFE_INTEGER }; ; ) {
    const changes = await stores.population.changes(run.id, cursor);
    cursor = changes.cursor;
    decisions.push(
      ...changes.decisions.filter((decision) => member === undefined || decision.member === member),
    );
    failures.push(...changes.failures.filter((failure) => member === undefined || failure.member === member));
    if (changes.decisions.length + changes.failures.length === 0) return { decisions, failures };
  }
}
