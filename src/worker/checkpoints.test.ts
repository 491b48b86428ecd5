import {
  appendFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { defineExperiment, everySteps, maximize, memoryPopulationStore, uniform } from "clade";
import { afterAll, expect, test } from "vitest";
import { filesystemCheckpointStore } from "../checkpoint-store/filesystem/filesystem-checkpoint-store.ts";
import { beginning, type WorkerId } from "../population-store/population-store.ts";
import { createRun } from "../run/create-run.ts";
import { summaryOf } from "../run/run-summary.ts";
import type { TrainerSession } from "../trainer/trainer-session.ts";
import { work } from "./worker.ts";

const root = mkdtempSync(join(tmpdir(), "clade-late-"));
afterAll(() => rmSync(root, { recursive: true }));

const lateMs = 50;
const enoughFailures = 3;

/**
 * Counts steps, and keeps the count in a file. After its answer it goes on `writing` into the
 * directory, for a moment.
 */
function counting(writing: (saved: string) => void = () => {}): TrainerSession {
  let steps = 0;
  return {
    checkpoints: "directories",
    hyperparameters: "with train",
    interruptWith() {},
    async start() {
      steps = 0;
    },
    async restore(state) {
      steps = Number(
        readFileSync(join((state as { directory: string }).directory, "steps"), "utf8"),
      );
    },
    async train() {
      await sleep(2 * lateMs);
      steps += 5;
      return 5;
    },
    evaluate: async () => ({ steps }),
    async save(directory) {
      writeFileSync(join(directory!, "steps"), `${steps}`);
      writeFileSync(join(directory!, "large"), Buffer.alloc(100_000, steps));
      void sleep(lateMs).then(() => existsSync(directory!) && writing(directory!));
      return { directory: directory! };
    },
    async dispose() {},
  };
}

async function runWith(name: string, session: TrainerSession) {
  const experiment = defineExperiment({
    name,
    population: 2,
    hyperparameters: { rate: uniform(0, 1) },
    objective: maximize("steps"),
    ready: everySteps(5),
    budget: { stepsPerMember: 20 },
    trainer: () => {
      throw new Error("driven by the session");
    },
  });
  const populationStore = memoryPopulationStore();
  const run = await createRun(populationStore, experiment, 1);
  const directory = join(root, name);
  await using checkpointStore = filesystemCheckpointStore(directory);
  const stop = new AbortController();
  const changes = () => populationStore.changes(run.id, beginning);
  const working = work({
    worker: "a:1:1" as WorkerId,
    run,
    experiment,
    populationStore,
    checkpointStore,
    session,
    signal: stop.signal,
  });
  const hasFailed = async () => (await changes()).failures.length >= enoughFailures;
  const hasEnded = working.then(() => true);
  while (!(await Promise.race([hasEnded, hasFailed()]))) await sleep(10);
  stop.abort();
  await working;
  const result = await summaryOf(populationStore, run.id);
  return {
    directory,
    result,
    state: (await populationStore.run(run.id)).state,
    ...(await changes()),
  };
}

test("a trainer that closes what it saves does not fail; its directories go later", async () => {
  const { directory, state, failures } = await runWith("closing", counting());
  expect([state.kind, failures]).toEqual(["done", []]);
  expect(readdirSync(join(directory, "incoming"))).toEqual([]);
});

test.each([
  ["changes a file", "large", (saved: string) => appendFileSync(join(saved, "large"), "the end")],
  ["makes a file", "late", (saved: string) => writeFileSync(join(saved, "late"), "the end")],
])(
  "a trainer that %s after its answers fails by name, and publishes no more of the kind",
  async (_, name, late) => {
    const { snapshots, failures } = await runWith(`late-${name}`, counting(late));
    expect(failures.length).toBeGreaterThanOrEqual(enoughFailures);
    for (const { message } of failures)
      expect(message).toMatch(new RegExp(`^${name} .* after save had returned`));
    expect(snapshots.filter(({ kind }) => kind === "trained").length).toBeLessThanOrEqual(1);
  },
);

test("a best model that changes when its trainer ends is replaced by the next best", async () => {
  let scored = 0;
  let last: string | undefined;
  const { directory, state, result } = await runWith("late-at-end", {
    ...counting(),
    evaluate: async () => ({ steps: ++scored }),
    async save(into) {
      writeFileSync(join(into!, "steps"), `${scored}`);
      last = into;
      return { directory: into! };
    },
    async dispose() {
      if (last && existsSync(last)) writeFileSync(join(last, "late"), "the end");
    },
  });
  expect(state.kind).toBe("done");
  expect(result.lost).toMatchObject([{ score: scored, why: expect.stringContaining("late") }]);
  expect(result.best!.score).toBe(scored - 1);
  await using reopened = filesystemCheckpointStore(directory);
  await reopened.load(result.best!.checkpoint!);
});
