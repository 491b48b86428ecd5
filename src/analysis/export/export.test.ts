import { expect, test } from "vitest";
import { type Snapshot, snapshotId } from "../../algorithm/snapshot.ts";
import type { ExperimentDescription } from "../../experiment/experiment.ts";
import { memoryPopulationStore } from "../../population-store/memory/memory-population-store.ts";
import type {
  PopulationStore,
  Run,
  RunId,
  WorkerId,
} from "../../population-store/population-store.ts";
import { columns } from "./columns.ts";
import { csvText } from "./csv-text.ts";
import { jsonLines } from "./json-lines.ts";
import { publishedRows } from "./published-rows.ts";
import { survey } from "./survey.ts";

const worker = "host:1:a" as WorkerId;

function root(member: number, given: Partial<Snapshot> = {}): Snapshot {
  return {
    id: snapshotId(member, 0),
    member,
    kind: "initial",
    generation: 0,
    step: 0,
    memberSteps: 0,
    hyperparameters: {},
    metrics: {},
    ...given,
  };
}

async function runWith(roots: readonly Snapshot[]): Promise<{ store: PopulationStore; run: Run }> {
  const store = memoryPopulationStore();
  const strategy = { name: "any", options: {} };
  const experiment: ExperimentDescription = {
    name: "export",
    population: roots.length,
    hyperparameters: { rate: "logUniform(0.001, 1)", momentum: "uniform(0, 1)" },
    initial: [],
    objective: { direction: "maximize", metric: "score" },
    ready: strategy,
    exploit: strategy,
    explore: strategy,
    exploreEvery: "copy",
    budget: { totalSteps: 10 },
    synchronous: false,
    reevaluate: false,
  };
  return { store, run: await store.createRun({ id: "run" as RunId, seed: 7, experiment }, roots) };
}

async function publishOne(store: PopulationStore, run: Run): Promise<void> {
  const claimed = await store.claimMember(run.id, worker, { leaseMs: 1000 });
  if (claimed.kind !== "claimed") throw new Error("no member is free");
  const { claim } = claimed;
  const { member, newest } = claim;
  const id = snapshotId(member, 1);
  const reason = { text: "why, and wherefore", numbers: { rank: 2, t: -1.5 } };
  const step = { generation: newest.generation + 1, step: 10, memberSteps: 10 };
  const measured = { ...step, score: 0.5, samples: [0, 1] };
  await store.publish(claim, {
    kind: "trained",
    snapshot: { ...newest, id, parent: newest.id, kind: "trained", ...measured },
    decision: {
      ...{
        snapshot: id,
        member,
        generation: 1,
        kind: "keep",
        weights: false,
        hyperparameters: false,
      },
      reason,
    },
  });
}

async function lines(store: PopulationStore, run: Run) {
  let text = "";
  for await (const page of jsonLines(store, run, await survey(store, run))) text += page;
  return text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
}

test("a run is one JSON line, then one per snapshot and decision, as published", async () => {
  const { store, run } = await runWith([root(0), root(1)]);
  await publishOne(store, run);
  const written = await lines(store, run);
  expect(written.map(({ type }) => type)).toEqual([
    "run",
    "snapshot",
    "snapshot",
    "snapshot",
    "decision",
  ]);
  expect(written[0].run).toMatchObject({ id: "run", seed: 7, experiment: { name: "export" } });
  expect(written[3].snapshot).toMatchObject({ id: "0.1", parent: "0.0", samples: [0, 1], worker });
  expect(written[4].decision).toMatchObject({ snapshot: "0.1", reason: { numbers: { t: -1.5 } } });
});

test("a metric that is not finite is null in JSON lines", async () => {
  const { store, run } = await runWith([root(0, { metrics: { loss: Number.NaN } })]);
  expect((await lines(store, run))[1].snapshot.metrics).toEqual({ loss: null });
});

test("every row is exported once, however many pages they fill", async () => {
  const { store, run } = await runWith(Array.from({ length: 2500 }, (_, member) => root(member)));
  const ids = (await lines(store, run)).slice(1).map(({ snapshot }) => snapshot.id);
  expect(ids).toEqual(Array.from({ length: 2500 }, (_, member) => `${member}.0`));
});

test("what is published after the survey is left out", async () => {
  const { store, run } = await runWith([root(0)]);
  const before = await survey(store, run);
  await publishOne(store, run);
  let text = "";
  for await (const page of jsonLines(store, run, before)) text += page;
  expect(text.trimEnd().split("\n")).toHaveLength(2);
  const pages: unknown[] = [];
  for await (const page of publishedRows(store, run.id, "decisions", before.rows.decisions))
    pages.push(page);
  expect(pages).toEqual([]);
});

test("a hyperparameter's column has its values' type, in the declared order", async () => {
  const { store, run } = await runWith([
    root(0, {
      hyperparameters: { layers: 2, nesterov: true, rate: 1, mixed: 1, optimizer: "sgd" },
    }),
    root(1, { hyperparameters: { layers: 3, nesterov: false, rate: 0.5, mixed: "one" } }),
  ]);
  const { snapshots } = columns(run, await survey(store, run));
  const found = snapshots.filter(({ name }) => name.startsWith("hyperparameters."));
  expect(found.map(({ name, type }) => [name.replace("hyperparameters.", ""), type])).toEqual([
    ["rate", "number"],
    ["momentum", "text"],
    ["layers", "whole"],
    ["nesterov", "boolean"],
    ["mixed", "text"],
    ["optimizer", "text"],
  ]);
});

test("the numbers of a decision's reason are columns", async () => {
  const { store, run } = await runWith([root(0)]);
  await publishOne(store, run);
  const { decisions } = columns(run, await survey(store, run));
  for await (const [decision] of publishedRows(store, run.id, "decisions")) {
    const row = Object.fromEntries(decisions.map((column) => [column.name, column.of(decision!)]));
    expect(row).toMatchObject({
      run: "run",
      "reason.text": "why, and wherefore",
      "reason.numbers.t": -1.5,
    });
  }
});

test("commas, quotes and line ends in CSV are quoted, and markup is left as it is", () => {
  expect(csvText([["a,b", 'say "no"', "one\ntwo", "one\rtwo", "<b>&amp;</b>"]])).toBe(
    '"a,b","say ""no""","one\ntwo","one\rtwo",<b>&amp;</b>\r\n',
  );
});

test("a missing cell in CSV is empty, and an empty text is quoted", () => {
  expect(csvText([[undefined, "", "end"]])).toBe(',"",end\r\n');
});

test("in CSV a text like a formula gets an apostrophe; a negative number stays a number", () => {
  expect(csvText([["=1+1", "+a", "-b", "@c", "=A,1"]])).toBe("'=1+1,'+a,'-b,'@c,\"'=A,1\"\r\n");
  expect(csvText([[-1.5, -1e-7, 1e21, Number.NaN, Number.NEGATIVE_INFINITY]])).toBe(
    "-1.5,-1e-7,1e+21,NaN,-Infinity\r\n",
  );
});

test("switches, times and samples in CSV are words, ISO 8601 and JSON", () => {
  expect(csvText([[true, false, new Date(0), [0.5, 1]]])).toBe(
    'true,false,1970-01-01T00:00:00.000Z,"[0.5,1]"\r\n',
  );
});
