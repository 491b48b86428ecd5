import {
  defineExperiment,
  everySteps,
  type Hyperparameters,
  maximize,
  memoryPopulationStore,
  resume,
  run,
  truncationSelection,
  uniform,
  withSettings,
} from "clade";
import { describe, expect, test } from "vitest";
import { describeStrategy } from "../algorithm/strategy.ts";
import { beginning } from "../population-store/population-store.ts";
import { inProcessSession } from "../trainer/in-process/in-process-session.ts";
import { Climber, climbing, simulatedRun } from "./simulated-run.test-support.ts";

const end = 40;

/** A framework that has an end of its own. */
class Ending {
  state = { height: 0, step: 0 };

  step({ rate }: { readonly rate: number }) {
    if (this.state.step === end) throw new Error("this framework has come to its end");
    this.state = { height: this.state.height + rate, step: this.state.step + 1 };
  }

  evaluate() {
    return this.state;
  }

  save() {
    return this.state;
  }

  restore(state: { height: number; step: number }) {
    this.state = state;
  }
}

const experiment = (changes: object = {}) =>
  defineExperiment({
    name: "ending",
    population: 6,
    hyperparameters: { rate: uniform(0, 1) },
    objective: maximize("height"),
    ready: everySteps(10),
    exploit: truncationSelection({ fraction: 0.34 }),
    budget: { stepsPerModel: end },
    trainer: Ending,
    ...changes,
  });

describe("no model is trained past stepsPerModel", () => {
  for (const workers of [1, 2, 6])
    test(`with ${workers} of 6 members at once`, async () => {
      for (const seed of [1, 2, 3, 4, 5]) {
        const populationStore = memoryPopulationStore();
        const found = await run(experiment(), { seed, workers, populationStore });
        expect(found.state).toEqual({ kind: "done", reason: "every member has spent its budget" });
        expect(found.failures).toBe(0);
        expect(found.best!.step).toBe(end);
        const members = await populationStore.members(found.run);
        expect(members.map(({ newest }) => newest.step)).toEqual(Array(6).fill(end));
      }
    });

  test("at any mixture of speeds, also by a copy of one that is far ahead", async () => {
    const mixed = climbing({
      hyperparameters: { rate: uniform(0, 1), pace: uniform(1, 30) },
      exploit: truncationSelection({ fraction: 0.34, copy: "weights" }),
      budget: { stepsPerModel: 100 },
    });
    const { join, seen, world } = await simulatedRun(mixed);
    class Paced extends Climber {
      override async step(values: Hyperparameters) {
        await world.pause(values.pace as number);
        await super.step(values);
      }
    }
    const sessions = Array.from({ length: 6 }, () => inProcessSession(Paced));
    await Promise.all(sessions.map((session, index) => join(`w${index}`, session)));
    const { run: ended, members, snapshots, decisions } = await seen();
    expect(ended.state.kind).toBe("done");
    expect(Math.max(...snapshots.map(({ step }) => step))).toBe(100);
    expect(members.map(({ newest }) => newest.step)).toEqual(Array(6).fill(100));
    expect(decisions.filter(({ kind }) => kind === "copy").length).toBeGreaterThan(0);
  });

  test("and its end is what divides the budget into generations", async () => {
    const { ready: _, ...rest } = experiment().declaration;
    const { ready } = defineExperiment({ ...rest, budget: { stepsPerModel: 500 } });
    expect(describeStrategy(ready).options).toMatchObject({ steps: 10 });
  });
});

test("a larger end lets every member go on, and both budgets hold at once", async () => {
  const populationStore = memoryPopulationStore();
  const short = experiment({ budget: { stepsPerModel: 20, stepsPerMember: 100 } });
  const { run: id } = await run(short, { seed: 1, workers: 6, populationStore });
  const longer = withSettings(short, { "budget.stepsPerModel": end });
  await (await resume(populationStore, id, longer)).result;
  const members = await populationStore.members(id);
  expect(members.map(({ newest }) => newest.step)).toEqual(Array(6).fill(end));
  const own = withSettings(longer, { "budget.stepsPerMember": 1000 });
  await expect(resume(populationStore, id, own)).rejects.toThrow("leaves nothing to do");
  const { snapshots } = await populationStore.changes(id, beginning, 100_000);
  expect(Math.max(...snapshots.map(({ step }) => step))).toBe(end);
});
