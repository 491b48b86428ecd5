import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join as joined } from "node:path";
import {
  CheckpointError,
  defineExperiment,
  everySteps,
  filesystemCheckpointStore,
  maximize,
  memoryCheckpointStore,
  memoryPopulationStore,
  RunFailedError,
  run,
  start,
} from "clade";
import { describe, expect, expectTypeOf, test } from "vitest";
import {
  climbing,
  fewClimbers as experiment,
  NoisyClimber,
  unhurried,
} from "./climbing.test-support.ts";

describe("a result", () => {
  test("has the model: its state, a trainer that holds it, and how it came about", async () => {
    const result = await run(experiment, { seed: 1 });
    const best = result.best!;
    expectTypeOf(best.state).returns.resolves.toEqualTypeOf<{ state: NoisyClimber["state"] }>();
    expectTypeOf(best.trainer).returns.resolves.toEqualTypeOf<NoisyClimber>();
    expectTypeOf(best.hyperparameters).toEqualTypeOf<{ readonly rate: number }>();
    expectTypeOf(best.metrics).toEqualTypeOf<{ readonly height?: number }>();

    const { state } = await best.state();
    expect(state.height).toBe(result.score);
    const trainer = await best.trainer();
    expect(trainer).toBeInstanceOf(NoisyClimber);
    expect(trainer.evaluate()).toEqual({ height: best.metrics.height });
    expect(best.schedule.at(-1)).toMatchObject({
      toStep: best.step,
      hyperparameters: best.hyperparameters,
    });
    expect([...(await best.files()).keys()]).toEqual(["state.json"]);
  });

  test("has the history, the report and the figures", async () => {
    const result = await run(experiment, { seed: 1 });
    const { snapshots } = await result.history();
    expect(snapshots.filter(({ kind }) => kind === "trained")).toHaveLength(4 * 20);
    expect(await result.report()).toContain(`Run ${result.run}`);
    const light = await result.figures();
    for (const { title, svg } of Object.values(light))
      expect(svg, title).toMatch(/^<svg .*<rect/s);
    const dark = await result.figures("dark");
    expect(dark.tree.svg).not.toBe(light.tree.svg);
  });

  test("is data: it prints, compares and is sent without its methods", async () => {
    const result = await run(experiment, { seed: 1 });
    expect(JSON.parse(JSON.stringify(result))).toEqual(result);
    expect(structuredClone(result)).toEqual(result);
  });

  test("reads its model from the place where it was kept", async () => {
    const place = mkdtempSync(joined(tmpdir(), "models-"));
    const checkpoints = () => filesystemCheckpointStore(place);
    const result = await run(experiment, { seed: 1, checkpoints });
    expect((await result.best!.state()).state.height).toBe(result.score);
  });

  test("says so when that place forgets", async () => {
    const checkpoints = () => memoryCheckpointStore();
    const result = await run(experiment, { seed: 1, checkpoints });
    await expect(result.best!.state()).rejects.toThrow(CheckpointError);
  });

  test("of a control has the same seed and budget", async () => {
    const store = memoryPopulationStore();
    const result = await run(experiment, {
      seed: 3,
      control: "random-search",
      populationStore: store,
    });
    const control = result.control!;
    expect(control).toMatchObject({ seed: 3, totalSteps: result.totalSteps, copies: 0 });
    expect((await store.run(control.run)).controlOf).toBe(result.run);
    expect((await control.best!.state()).state.height).toBe(control.score);
  });
});

describe("a control", () => {
  test("is stopped with its session", async () => {
    const populationStore = memoryPopulationStore();
    const session = await start(unhurried, {
      seed: 1,
      control: "random-search",
      populationStore,
    });
    while ((await populationStore.runs()).length < 2)
      await new Promise((resolve) => setTimeout(resolve, 5));
    const { state, control } = await session.stop();
    expect(state.kind).toBe("done");
    expect(control!.state.kind).toBe("stopped");
  });

  test("that fails leaves the run its result", async () => {
    let isControl = false;
    class FailingLater extends NoisyClimber {
      override step(hyperparameters: { rate: number }) {
        if (isControl) throw new Error("exploded");
        super.step(hyperparameters);
      }
    }
    const populationStore = memoryPopulationStore();
    const result = await run(defineExperiment({ ...climbing, trainer: FailingLater }), {
      seed: 1,
      control: "random-search",
      patienceSeconds: 0,
      populationStore,
      onEvent({ type }) {
        isControl = type === "result";
      },
    });
    expect(result.state.kind).toBe("done");
    expect(result.control).toBeUndefined();
    expect(result.controlError).toBeInstanceOf(RunFailedError);
  });
});

test("when every member failed, the error has the cause, and all failures", async () => {
  class Exploding extends NoisyClimber {
    override step(hyperparameters: { rate: number }) {
      if (this.state.steps === 7) throw new RangeError("exploded");
      super.step(hyperparameters);
    }
  }
  const failing = defineExperiment({
    name: "exploding",
    population: 2,
    hyperparameters: climbing.hyperparameters,
    objective: maximize("height"),
    ready: everySteps(5),
    budget: { stepsPerMember: 20 },
    trainer: Exploding,
  });
  const error = await run(failing, { seed: 1, patienceSeconds: 0 }).catch((caught) => caught);
  expect(error).toBeInstanceOf(RunFailedError);
  expect(error.cause).toMatchObject({ message: "trainer step() failed: exploded" });
  expect(error.cause.stack).toContain("Exploding.step");
  expect(error.failures.map(({ member }: { member: number }) => member)).toEqual([0, 1]);
});
