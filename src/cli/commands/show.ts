import { legibleBelow } from "../../algorithm/legible.ts";
import { type Decision, resultOf } from "../../algorithm/population-based-training.ts";
import { BadInputError } from "../../algorithm/problem.ts";
import { memberOf, type Snapshot, type SnapshotId } from "../../algorithm/snapshot.ts";
import { groupsOf } from "../../experiment/groups.ts";
import { isRecovery } from "../../population-store/decisions.ts";
import {
  beginning,
  type Changes,
  type Cursor,
  type Failure,
  type Member,
  type PopulationStore,
  type Run,
} from "../../population-store/population-store.ts";
import { noteLines } from "../../report/note-lines.ts";
import { count, hyperparameters, number, plural, value } from "../../report/words.ts";
import type { Context } from "../context.ts";
import { command } from "../declare/command.ts";
import { type OptionsOf, option } from "../declare/option.ts";
import { json } from "../options/json.ts";
import { wholeNumber } from "../options/parsers.ts";
import { store } from "../options/store-options.ts";
import { table } from "../printing/format.ts";
import { failureLine, recoveryLine } from "../printing/reporter.ts";
import { copySentence } from "../printing/run-view.ts";
import { findRun } from "../runs/find-run.ts";
import { openStores, type Stores } from "../runs/open-store.ts";
import { notBegunText, stateWord } from "../runs/run-state.ts";

/** The number of copies and failures shown without --all. */
const maxCopies = 20;
const maxFailures = 20;

const declared = [
  option("--member <n>", "every decision about one member", wholeNumber(0)),
  option("--all", "every copy and failure, not only the last ones"),
  store,
  json,
] as const;

export const show = command({
  options: declared,
  action: showRun,
});

async function showRun(
  context: Context,
  options: OptionsOf<typeof declared>,
  name: string | undefined,
): Promise<void> {
  const { print } = context;
  const { member, all = false, json } = options;
  await using stores = await openStores(context, options);
  const run = await findRun(context, stores.population, name);
  requireMember(run, member);
  if (json) return await printLines(context, stores, run, member);
  if ((await stateWord(stores.population, run)) === "not begun")
    print(`run ${run.id}: not begun: ${notBegunText}\n`);
  if (member === undefined) await showPopulation(context, stores, run, all);
  else
    for await (const decision of decisionsOf(stores, run, member))
      print(await explained(stores, run, decision));
  await showFailures(context, stores, run, member, all);
  const notes = await notesFor(stores, run, member);
  for (const line of new Set(notes.flatMap(noteLines))) print(`\n${line}`);
}

function requireMember({ experiment: { population } }: Run, member: number | undefined): void {
  if (member === undefined || member < population) return;
  const rule = `the run has ${population} members`;
  const remedy = `give a number from 0 to ${population - 1}`;
  throw new BadInputError([{ path: "--member", value: String(member), rule, remedy }]);
}

/** A line of JSON for each decision, failure and note. */
async function printLines(
  { print }: Context,
  stores: Stores,
  run: Run,
  member: number | undefined,
): Promise<void> {
  for await (const decision of decisionsOf(stores, run, member))
    print(JSON.stringify({ type: "decision", decision }));
  for await (const failure of failuresOf(stores, run, member))
    print(JSON.stringify({ type: "failure", failure }));
  for (const note of await notesFor(stores, run, member))
    print(JSON.stringify({ type: "note", note }));
}

/** Notes belong to a run, not to a member. */
async function notesFor({ population }: Stores, run: Run, member: number | undefined) {
  return member === undefined ? await population.notes(run.id) : [];
}

async function showPopulation(
  { print }: Context,
  stores: Stores,
  run: Run,
  all: boolean,
): Promise<void> {
  const members = await stores.population.members(run.id);
  const groupOf = groupsOf(run.experiment);
  const hasGroups = groupOf(0) !== undefined;
  const rows = members.map(({ member, state, newest, begun }) => {
    // A copy is shown while it is trained, and published with what comes out.
    const now = begun ?? newest;
    return [
      String(member),
      ...(hasGroups ? [groupOf(member)!] : []),
      state,
      count(now.generation),
      count(now.step),
      number(now.score),
      now.kind === "copied" ? `copied ${sourcesOf(now).join(" and ")}` : now.kind,
      hyperparameters(now.hyperparameters),
    ];
  });
  const { metric } = run.experiment.objective;
  const heading = ["state", "generation", "step", metric, "newest", "hyperparameters"];
  print(table([["member", ...(hasGroups ? ["group"] : []), ...heading], ...rows]));
  for (const line of inheritedLines(run, members)) print(line);
  const { copies } = await stores.population.counts(run.id);
  const last = all ? undefined : await lastNotable(stores, run);
  const shown = last?.filter(({ kind }) => kind === "copy").length ?? copies;
  const isPart = copies > shown;
  const which = isPart ? `the last ${shown} of ${count(copies)}` : count(copies);
  print(`\n${which} copies${isPart ? " (--all shows every one)" : ""}:`);
  for await (const decision of last ?? decisionsOf(stores, run)) {
    if (decision.kind === "copy") print(await explained(stores, run, decision));
    else if (isRecovery(decision)) print(recoveryLine(decision));
  }
}

/** Which values are still alive of what is copied along with weights only. */
function inheritedLines({ experiment }: Run, members: readonly Member[]): string[] {
  const names = Object.entries(experiment.hyperparameters)
    .filter(([, written]) => written.includes("inherited("))
    .map(([name]) => name);
  return names.map((name) => {
    const counts = new Map<string, number>();
    for (const { newest } of members) {
      const given = value(newest.hyperparameters[name]);
      counts.set(given, (counts.get(given) ?? 0) + 1);
    }
    const alive = [...counts].sort(([, first], [, second]) => second - first);
    const shown = alive.map(([given, of]) => `${given} in ${plural(of, "member")}`).join(", ");
    return `\n${name} is inherited with the weights: ${shown}`;
  });
}

/** The donor of the weights, unless they are the member's own, and that of the hyperparameters. */
function sourcesOf({ member, parent, donor }: Snapshot): SnapshotId[] {
  const foreign = parent && memberOf(parent) !== member ? [parent] : [];
  return [...new Set([...foreign, ...(donor ? [donor] : [])])];
}

/**
 * The decisions since the first of the last copies, oldest first, without those after which a
 * member simply continued.
 */
async function lastNotable({ population }: Stores, run: Run): Promise<readonly Decision[]> {
  const decisions: Decision[] = [];
  let copies = 0;
  for await (const decision of population.decisions(run.id, { notable: true })) {
    if (decision.kind === "copy" && ++copies > maxCopies) break;
    decisions.push(decision);
  }
  return decisions.reverse();
}

/**
 * The failures of one member with their stacks, or those of all members. Of all members only the
 * last are shown without --all.
 */
async function showFailures(
  { print }: Context,
  stores: Stores,
  run: Run,
  member: number | undefined,
  all: boolean,
): Promise<void> {
  const max = member === undefined && !all ? maxFailures : Number.POSITIVE_INFINITY;
  const shown: Failure[] = [];
  let total = 0;
  for await (const failure of failuresOf(stores, run, member)) {
    total++;
    shown.push(failure);
    if (shown.length > max) shown.shift();
  }
  if (total > shown.length)
    print(`\nthe last ${shown.length} of ${count(total)} failures (--all shows every one):`);
  for (const failure of shown) {
    print(`\n${failureLine(failure)}`);
    if (member !== undefined) print(legibleBelow(`    ${failure.stack}`));
  }
}

/** "member 3 copied member 7 at step 1,200: ... because rank 8 of 8 is in the bottom 2". */
async function explained(stores: Stores, run: Run, decision: Decision): Promise<string> {
  const { snapshot, donor, kind, reason, generation, member } = decision;
  const before = await stores.population.snapshot(run.id, snapshot);
  const why = legibleBelow(reason.text);
  const who = `generation ${generation}: member ${member}`;
  const where = `at step ${count(before.step)} with score ${number(before.score)}`;
  if (kind === "keep") return `${who} went on ${where}: ${why}`;
  if (donor === undefined) return `${who} ended ${where}: ${why}`;
  if (kind === "restart")
    return (
      `${who} restarted with fresh weights, ` +
      `near the hyperparameters of snapshot ${donor}: ${why}`
    );
  const from = await stores.population.snapshot(run.id, donor);
  const after: Snapshot = await stores.population.snapshot(run.id, resultOf(decision));
  const copied = copySentence(decision, { before, donor: from, after }, groupsOf(run.experiment));
  return `generation ${generation}: ${copied}\n    because ${why}`;
}

/**
 * Oldest first. The decisions of one member are read at once, those of all in pages, because those
 * of a long run do not fit in memory.
 */
async function* decisionsOf(
  { population }: Stores,
  run: Run,
  member?: number,
): AsyncGenerator<Decision> {
  if (member !== undefined) {
    const decisions: Decision[] = [];
    for await (const decision of population.decisions(run.id, { member }))
      decisions.push(decision);
    yield* decisions.reverse();
    return;
  }
  const only = {
    ...beginning,
    snapshots: Number.MAX_SAFE_INTEGER,
    failures: Number.MAX_SAFE_INTEGER,
  };
  for await (const { decisions } of pages(population, run, only)) yield* decisions;
}

async function* failuresOf(
  { population }: Stores,
  run: Run,
  member?: number,
): AsyncGenerator<Failure> {
  const only = {
    ...beginning,
    snapshots: Number.MAX_SAFE_INTEGER,
    decisions: Number.MAX_SAFE_INTEGER,
  };
  for await (const { failures } of pages(population, run, only))
    yield* failures.filter((failure) => member === undefined || failure.member === member);
}

/** Everything published after a place. */
async function* pages(
  population: PopulationStore,
  run: Run,
  from: Cursor,
): AsyncGenerator<Changes> {
  for (let cursor = from; ; ) {
    const changes = await population.changes(run.id, cursor);
    if (changes.decisions.length + changes.failures.length === 0) return;
    yield changes;
    cursor = changes.cursor;
  }
}
