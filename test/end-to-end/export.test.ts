import { readdirSync, readFileSync } from "node:fs";
import { parquetMetadata, parquetReadObjects, parquetSchema } from "hyparquet";
import { afterEach, beforeEach, expect, test } from "vitest";
import { climb, type Finished, putFinishedRun, Workplace } from "./command-line.ts";

let place: Workplace;
beforeEach(() => {
  place = new Workplace();
});
afterEach(() => place[Symbol.dispose]());

/**
 * Half of the population has a conditional hyperparameter, one metric is NaN, and the first step
 * of a member fails once.
 */
const difficult = climb({
  declaration: `
    hyperparameters: {
      rate: logUniform(1e-3, 1),
      kind: choice("=1+1", 'a "b", <i>c</i>'),
      depth: conditional("kind", "=1+1", integer(2, 4)),
      on: choice(true, false),
    },
    initial: [{ kind: "=1+1" }, { kind: 'a "b", <i>c</i>' }],
    exploit: noExploit(),
  `,
  trainer: `
    evaluate() {
      if (this.height > 0 && !globalThis.failed) {
        globalThis.failed = true;
        throw new Error("-oh, no\\nreally");
      }
      return { height: this.height, "loss, mean": NaN };
    }
  `,
}).replace("import { constant", "import { choice, conditional, integer, constant");

function parquet(name: string) {
  const { buffer, byteOffset, byteLength } = readFileSync(place.path("tables", name));
  return (buffer as ArrayBuffer).slice(byteOffset, byteOffset + byteLength);
}

test("JSON lines on standard output hold the run and what was published", async () => {
  await putFinishedRun(place, difficult);
  const { stdout, stderr, code } = await place.ask("export");
  expect({ stderr, code }).toEqual({
    stderr: expect.stringMatching(/^run .*, the newest .*\n$/),
    code: 0,
  });
  const rows = Workplace.events(stdout) as { type: string; snapshot?: object; failure?: object }[];
  expect(rows[0]).toMatchObject({ type: "run", run: { seed: 1, state: { kind: "done" } } });
  const counts = Object.groupBy(rows, ({ type }) => type);
  // Four roots and ten generations of four members, each of which but the last is decided about.
  expect(counts.snapshot).toHaveLength(44);
  expect(counts.decision).toHaveLength(36);
  expect(counts.failure).toMatchObject([
    { failure: { message: expect.stringContaining("-oh, no\nreally") } },
  ]);
  expect(rows).toContainEqual(
    expect.objectContaining({
      snapshot: expect.objectContaining({
        metrics: { height: expect.any(Number), "loss, mean": null },
      }),
    }),
  );
});

test("CSV is a directory with a table for each kind of row, safe in a spreadsheet", async () => {
  await putFinishedRun(place, difficult);
  expect(await place.ask("export", "--format", "csv", "--out", "tables")).toMatchObject({
    code: 0,
  });
  expect(readdirSync(place.path("tables")).sort()).toEqual([
    "decisions.csv",
    "failures.csv",
    "run.json",
    "snapshots.csv",
  ]);
  expect(JSON.parse(place.read("tables/run.json"))).toMatchObject({
    seed: 1,
    experiment: { name: "climb" },
  });
  const snapshots = place.read("tables/snapshots.csv").split("\r\n");
  expect(snapshots[0]).toMatch(
    new RegExp(
      "^run,id,.*,hyperparameters.rate,hyperparameters.kind,hyperparameters.depth," +
        'hyperparameters.on,metrics.height,"metrics.loss, mean"$',
    ),
  );
  expect(snapshots).toHaveLength(46);
  expect(snapshots.some((line) => /,'=1\+1,[234],(true|false),[\d.]+,NaN$/.test(line))).toBe(true);
  expect(
    snapshots.some((line) => /,"a ""b"", <i>c<\/i>",,(true|false),[\d.]+,NaN$/.test(line)),
  ).toBe(true);
  expect(place.read("tables/failures.csv")).toContain("oh, no\nreally");
});

test("Parquet has typed columns, with nulls where there is no value", async () => {
  await putFinishedRun(place, difficult);
  expect(await place.ask("export", "--format", "parquet", "--out", "tables")).toMatchObject({
    code: 0,
  });
  const file = parquet("snapshots.parquet");
  const types = Object.fromEntries(
    parquetSchema(parquetMetadata(file)).children.map(({ element }) => [
      element.name,
      element.type,
    ]),
  );
  expect(types).toMatchObject({
    id: "BYTE_ARRAY",
    step: "INT64",
    score: "DOUBLE",
    publishedAt: "INT64",
    "hyperparameters.rate": "DOUBLE",
    "hyperparameters.depth": "INT64",
    "hyperparameters.on": "BOOLEAN",
    "metrics.loss, mean": "DOUBLE",
  });
  const rows = await parquetReadObjects({ file });
  expect(rows).toHaveLength(44);
  expect(rows.at(-1)).toMatchObject({
    step: 50n,
    score: expect.any(Number),
    publishedAt: expect.any(Date),
    "hyperparameters.on": expect.any(Boolean),
    "metrics.loss, mean": Number.NaN,
  });
  expect(rows[0]).toMatchObject({
    "hyperparameters.kind": "=1+1",
    "hyperparameters.depth": expect.any(BigInt),
  });
  expect(rows[1]).toMatchObject({
    "hyperparameters.kind": 'a "b", <i>c</i>',
    "hyperparameters.depth": null,
  });
  expect(rows[0]).toMatchObject({ score: null, parent: null, "metrics.height": null });

  const decisions = await parquetReadObjects({ file: parquet("decisions.parquet") });
  expect(decisions).toHaveLength(36);
  expect(decisions[0]).toMatchObject({
    kind: "keep",
    weights: false,
    "reason.text": expect.any(String),
  });
  const failures = await parquetReadObjects({ file: parquet("failures.parquet") });
  expect(failures).toMatchObject([
    { message: expect.stringContaining("oh, no"), at: expect.any(Date) },
  ]);
});

test("Parquet has the samples behind a score as a list", async () => {
  const sampled = climb({
    trainer: "evaluate() { return { height: this.height, samples: [0.25, this.height] }; }",
  });
  await putFinishedRun(place, sampled);
  await place.ask("export", "--format", "parquet", "--out", "tables");
  const rows = await parquetReadObjects({ file: parquet("snapshots.parquet") });
  const { score, samples } = rows.at(-1) as { score: number; samples: number[] };
  expect(samples).toEqual([0.25, score]);
  expect(rows[0]!.samples).toBeUndefined();
});

test("nothing is overwritten, and a table needs a directory", async () => {
  await putFinishedRun(place);
  const refused = async (words: readonly string[], message: string): Promise<Finished> => {
    const finished = await place.ask("export", ...words);
    expect(finished).toMatchObject({
      code: 2,
      stdout: "",
      stderr: expect.stringContaining(message),
    });
    return finished;
  };
  await refused(["--format", "csv"], "--format: csv - writes a directory");
  expect(await place.ask("export", "--out", "new/run.jsonl")).toMatchObject({ code: 0 });
  const before = place.read("new/run.jsonl");
  await refused(["--out", "new/run.jsonl"], "--out: new/run.jsonl - is not a new file");
  await refused(
    ["--out", "new", "--format", "parquet"],
    "--out: new - is not a new or an empty directory",
  );
  await refused(
    ["--out", "climb.mjs/a", "--format", "csv"],
    "--out: climb.mjs/a - cannot be written (ENOTDIR)",
  );
  expect(place.read("new/run.jsonl")).toBe(before);
  expect(readdirSync(place.path("new"))).toEqual(["run.jsonl"]);
});

test("a run that still goes on is exported as it is, and standard error says so", async () => {
  place.write("climb.mjs", climb({ stepMs: 50 }));
  const { process: child, finished } = place.start(
    "run",
    "climb.mjs",
    "--json",
    "--set",
    "budget.stepsPerMember=5000",
  );
  await new Promise<void>((resolve) => {
    let seen = "";
    child.stdout!.on("data", (data) => {
      seen += data;
      if (seen.includes('"decision"')) resolve();
    });
  });
  const { stdout, stderr, code } = await place.ask("export");
  child.kill("SIGINT");
  await finished;
  expect(code).toBe(0);
  expect(stderr).toMatch(
    /^run .*, the newest .*\nrun climb-\w+ is still running; it is exported as it is now\n$/,
  );
  const rows = Workplace.events(stdout) as unknown as {
    type: string;
    snapshot: { id: string };
    decision: { snapshot: string };
  }[];
  const ids = new Set(
    rows.filter(({ type }) => type === "snapshot").map(({ snapshot }) => snapshot.id),
  );
  const decided = rows
    .filter(({ type }) => type === "decision")
    .map(({ decision }) => decision.snapshot);
  expect(decided.length).toBeGreaterThan(0);
  expect(decided.filter((id) => !ids.has(id))).toEqual([]);
});
