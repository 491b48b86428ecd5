import {
  defineExperiment,
  maximize,
  memoryPopulationStore,
  type RunEvent,
  run,
  successiveHalving,
} from "clade";
import { expect, test } from "vitest";
import { climbing, NoisyClimber } from "./climbing.test-support.ts";

test("a target score ends the run when it is reached", async () => {
  const result = await run(
    defineExperiment({ ...climbing, budget: { stepsPerMember: 10_000, targetScore: 0.5 } }),
    { seed: 1 },
  );
  expect(result.state).toEqual({ kind: "done", reason: "target score 0.5 reached" });
  expect(result.score).toBeGreaterThanOrEqual(0.5);
});

test("a total of steps ends the run when it is spent", async () => {
  const result = await run(defineExperiment({ ...climbing, budget: { totalSteps: 333 } }), {
    seed: 1,
  });
  expect(result.totalSteps).toBe(335);
});

test("wall time ends the run, with what was trained by then published", async () => {
  const result = await run(defineExperiment({ ...climbing, budget: { wallSeconds: 0.5 } }), {
    seed: 1,
  });
  expect(result.state).toEqual({ kind: "done", reason: "0.5 s of wall time passed" });
  expect(result.totalSteps).toBeGreaterThan(0);
});

test("the held-out metric, asked for in the last evaluation, chooses the best model", async () => {
  class HeldOut extends NoisyClimber {
    override evaluate({ final = false } = {}) {
      return { height: this.state.height, ...(final && { test: -this.state.height }) };
    }
  }
  const store = memoryPopulationStore();
  const objective = maximize("height", { final: "test" });
  const result = await run(defineExperiment({ ...climbing, trainer: HeldOut, objective }), {
    seed: 1,
    populationStore: store,
  });
  const finals = (await store.members(result.run)).map(({ newest }) => newest.metrics.test!);
  expect(finals).toHaveLength(8);
  expect(result.final).toBe(Math.max(...finals));
});

for (const synchronous of [false, true]) {
  for (const budget of [{ totalSteps: 333 }, { stepsPerMember: 10_000, targetScore: 0.5 }]) {
    const kind = synchronous ? "synchronous" : "asynchronous";
    const what = `${kind} run with ${JSON.stringify(budget)}`;
    test(`each member has its last evaluation when the run is over: ${what}`, async () => {
      class HeldOut extends NoisyClimber {
        override evaluate({ final = false } = {}) {
          return { height: this.state.height, ...(final && { test: -this.state.height }) };
        }
      }
      const store = memoryPopulationStore();
      const objective = maximize("height", { final: "test" });
      const experiment = defineExperiment({
        ...climbing,
        trainer: HeldOut,
        objective,
        budget,
        synchronous,
      });
      const result = await run(experiment, { seed: 1, populationStore: store });
      expect(result.state).toMatchObject({
        kind: "done",
        reason: expect.stringMatching(/total steps|target score/),
      });
      const members = await store.members(result.run);
      expect(members.map(({ state }) => state)).toEqual(members.map(() => "finished"));
      expect(result.final).toBe(Math.max(...members.map(({ newest }) => newest.metrics.test!)));
    });
  }
}

test("aborting stops the run, and what was published stays", async () => {
  const leave = new AbortController();
  const onEvent = (event: RunEvent) => {
    if (event.type === "snapshot" && event.snapshot.generation === 3) leave.abort();
  };
  const experiment = defineExperiment({ ...climbing, budget: { stepsPerMember: 1_000_000 } });
  const result = await run(experiment, { seed: 1, signal: leave.signal, onEvent });
  expect(result.state).toEqual({ kind: "stopped" });
  expect(result.totalSteps).toBeGreaterThan(0);
});

test("a stopped member has its last evaluation; the run says that it was stopped", async () => {
  class HeldOut extends NoisyClimber {
    override evaluate({ final = false } = {}) {
      return { height: this.state.height, ...(final && { test: -this.state.height }) };
    }
  }
  const store = memoryPopulationStore();
  const objective = maximize("height", { final: "test" });
  const exploit = successiveHalving({ rungs: [{ generation: 2, from: 8, keep: 3 }] });
  const experiment = defineExperiment({
    ...climbing,
    trainer: HeldOut,
    objective,
    exploit,
    synchronous: true,
  });
  const result = await run(experiment, { seed: 1, populationStore: store });
  const members = await store.members(result.run);
  expect(members.filter(({ state }) => state === "stopped")).toHaveLength(5);
  expect(members.every(({ newest }) => Number.isFinite(newest.metrics.test))).toBe(true);
  expect(result.state).toEqual({
    kind: "done",
    reason: "every member was stopped or has spent its budget",
  });
});
