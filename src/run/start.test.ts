import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join as joined } from "node:path";
import {
  CheckpointError,
  defineExperiment,
  everySteps,
  filesystemCheckpointStore,
  join,
  maximize,
  memoryCheckpointStore,
  memoryPopulationStore,
  type RunEvent,
  RunFailedError,
  readHistory,
  resume,
  run,
  start,
  uniform,
  watch,
} from "clade";
import { describe, expect, expectTypeOf, onTestFinished, test, vi } from "vitest";
import { climbing, NoisyClimber } from "./climbing.test-support.ts";

const experiment = defineExperiment({ ...climbing, population: 4 });

/** Waits a moment in each step, so that a run can be seen while it goes on. */
class Unhurried extends NoisyClimber {
  override async step(hyperparameters: { rate: number }) {
    await new Promise((resolve) => setTimeout(resolve, 1));
    super.step(hyperparameters);
  }
}
const unhurried = defineExperiment({ ...climbing, population: 4, trainer: Unhurried });

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

describe("a session", () => {
  test("has an id at once, events for any number of consumers, and a result", async () => {
    await using session = await start(unhurried, { seed: 1 });
    expect(session.id).toMatch(/^climbing-/);
    const consumed = async () => {
      const events: RunEvent[] = [];
      for await (const event of session) events.push(event);
      return events;
    };
    const byType = (events: RunEvent[]) => Object.groupBy(events, ({ type }) => type);
    const [first, second] = await Promise.all([consumed(), consumed()]);
    expect(byType(second)).toEqual(byType(first));
    expect(first.filter(({ type }) => type === "decision")).toHaveLength(4 * 19);
    const result = await session.result;
    expect(first.at(-1)).toMatchObject({ type: "result", result: { score: result.score } });
    expect(byType(await consumed())).toEqual(byType(first));
  });

  test("goes on when a consumer stops or throws", async () => {
    const session = await start(unhurried, { seed: 1 });
    for await (const event of session) if (event.type === "decision") break;
    const throwing = async () => {
      for await (const _ of session) throw new Error("the consumer's own mistake");
    };
    await expect(throwing()).rejects.toThrow("the consumer's own mistake");
    expect(await session.result).toMatchObject({ state: { kind: "done" }, totalSteps: 400 });
  });

  test("is stopped by hand, and goes on with resume", async () => {
    const populationStore = memoryPopulationStore();
    const session = await start(unhurried, { seed: 1, populationStore });
    for await (const event of session) if (event.type === "decision") break;
    const stopped = await session.stop();
    expect(stopped.state.kind).toBe("stopped");
    expect(stopped.totalSteps).toBeLessThan(400);
    const resumed = await resume(populationStore, session.id, unhurried);
    expect(resumed.id).toBe(session.id);
    expect(await resumed.result).toMatchObject({ state: { kind: "done" }, totalSteps: 400 });
  });

  test("stops at the end of its block", async () => {
    const populationStore = memoryPopulationStore();
    let id: string;
    {
      await using session = await start(unhurried, { seed: 1, populationStore });
      id = session.id;
    }
    expect((await populationStore.runs())[0]).toMatchObject({ id, state: { kind: "stopped" } });
  });

  test("of join works with others, and leaves the run to them", async () => {
    const populationStore = memoryPopulationStore();
    const first = await start(unhurried, { seed: 1, populationStore });
    const helper = await join(populationStore, first.id, unhurried);
    const left = await helper.stop();
    expect(left.state.kind).toBe("running");
    expect(await first.result).toMatchObject({ state: { kind: "done" }, totalSteps: 400 });
  });
});

test("anybody may watch a run to its end, or for a while", async () => {
  const populationStore = memoryPopulationStore();
  const session = await start(unhurried, { seed: 1, populationStore });
  const seen: RunEvent[] = [];
  for await (const event of watch(populationStore, session.id)) seen.push(event);
  expect(seen.at(-1)!.type).toBe("result");
  const { snapshots, decisions } = await readHistory(populationStore, session.id);
  expect(seen).toHaveLength(snapshots.length + decisions.length + 1);
  const ended = AbortSignal.abort();
  const types = new Set<string>();
  for await (const { type } of watch(populationStore, session.id, { signal: ended }))
    types.add(type);
  expect(types).toEqual(new Set(["snapshot", "decision"]));
});

describe("going on with a run", () => {
  const finished = async () => {
    const populationStore = memoryPopulationStore();
    const result = await run(experiment, { seed: 1, populationStore });
    return { populationStore, id: result.run };
  };

  test("that is done needs a larger budget", async () => {
    const { populationStore, id } = await finished();
    await expect(resume(populationStore, id, experiment)).rejects.toThrow(
      /is done \(.*\), and this budget leaves nothing to do; give the experiment a larger one/,
    );
    const larger = defineExperiment({
      ...climbing,
      population: 4,
      budget: { stepsPerMember: 200 },
    });
    const session = await resume(populationStore, id, larger);
    expect(await session.result).toMatchObject({ totalSteps: 800 });
    expect((await populationStore.run(id)).experiment.budget).toEqual({ stepsPerMember: 200 });
  });

  test("needs the same experiment", async () => {
    const { populationStore, id } = await finished();
    const other = defineExperiment({
      ...climbing,
      population: 4,
      hyperparameters: { rate: uniform(0, 1) },
    });
    const message = "the experiment is not what the run began with";
    await expect(resume(populationStore, id, other)).rejects.toThrow(message);
    await expect(join(populationStore, id, other)).rejects.toThrow(message);
  });

  test("needs its models", async () => {
    const { populationStore, id } = await finished();
    const checkpoints = () => memoryCheckpointStore();
    await expect(join(populationStore, id, experiment, { checkpoints })).rejects.toThrow(
      "its models are not here; give the option checkpoints with the place",
    );
  });
});

describe("a callback", () => {
  test("that throws is printed once, and loses nothing", async () => {
    const printed = vi.spyOn(console, "error").mockImplementation(() => {});
    onTestFinished(() => printed.mockRestore());
    const types: string[] = [];
    const result = await run(experiment, {
      seed: 1,
      onEvent({ type }) {
        types.push(type);
        throw new Error("a progress bar's mistake");
      },
    });
    expect(result).toMatchObject({ state: { kind: "done" }, totalSteps: 400 });
    expect(types.filter((type) => type === "decision")).toHaveLength(4 * 19);
    expect(types.at(-1)).toBe("result");
    expect(printed).toHaveBeenCalledTimes(1);
    expect(String(printed.mock.calls[0])).toContain("onEvent threw, and the run goes on");
  });

  test("cannot change what others train with", async () => {
    const printed = vi.spyOn(console, "error").mockImplementation(() => {});
    onTestFinished(() => printed.mockRestore());
    const result = await run(experiment, {
      seed: 1,
      onEvent(event) {
        if (event.type === "snapshot")
          (event.snapshot.hyperparameters as { rate: number }).rate = 9;
      },
    });
    expect(String(printed.mock.calls[0])).toContain("read only property 'rate'");
    expect(result.hyperparameters!.rate).toBeLessThanOrEqual(1);
  });

  test("that waits is awaited: one event at a time, all before the result", async () => {
    let [running, most, count] = [0, 0, 0];
    await run(experiment, {
      seed: 1,
      async onEvent() {
        most = Math.max(most, ++running);
        await new Promise((resolve) => setTimeout(resolve, 0));
        running--;
        count++;
      },
    });
    expect(most).toBe(1);
    expect(running).toBe(0);
    expect(count).toBeGreaterThan(4 * 39);
  });
});

describe("a callback never holds the run up", () => {
  test("when it stops the run and waits for its result", async () => {
    const result = Promise.withResolvers<unknown>();
    const session = await start(unhurried, {
      seed: 1,
      async onEvent({ type }) {
        if (type === "decision") result.resolve(await session.stop());
      },
    });
    expect(await result.promise).toMatchObject({ state: { kind: "stopped" } });
  });

  test("when it never comes back, and the run is stopped", async () => {
    const called = Promise.withResolvers<void>();
    const session = await start(unhurried, {
      seed: 1,
      onEvent() {
        called.resolve();
        return new Promise<never>(() => {});
      },
    });
    await called.promise;
    expect((await session.stop()).state.kind).toBe("stopped");
  });

  test("when the store fails under it: the result says so", async () => {
    const store = memoryPopulationStore();
    let reads = 0;
    const failing = {
      ...store,
      changes: async (...given: Parameters<typeof store.changes>) => {
        if (++reads === 3) throw new Error("the store is away");
        return await store.changes(...given);
      },
    };
    const session = await start(unhurried, {
      seed: 1,
      populationStore: failing,
      onEvent() {},
    });
    expect((await session.result).state.kind).toBe("done");
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

test("a second run with the place of another is refused, and deletes nothing", async () => {
  const place = mkdtempSync(joined(tmpdir(), "models-"));
  const checkpoints = () => filesystemCheckpointStore(place);
  const populationStore = memoryPopulationStore();
  const shared = memoryCheckpointStore();
  const first = await run(experiment, { seed: 1, populationStore, checkpoints });
  await expect(run(experiment, { seed: 2, populationStore, checkpoints })).rejects.toThrow(
    `checkpoints: ${place} - has the models of run ${first.run}`,
  );
  const { control, controlError, best } = await run(experiment, {
    seed: 1,
    control: "random-search",
    checkpoints: () => shared,
  });
  expect(control).toBeUndefined();
  expect(String(controlError)).toContain("give each run a place of its own");
  expect((await best!.state()).state.height).toBe(best!.score);
  expect((await first.best!.state()).state.height).toBe(first.score);
});

test("a place for checkpoints that cannot be opened stops the run", async () => {
  const populationStore = memoryPopulationStore();
  const checkpoints = () => {
    throw new Error("no such place");
  };
  const running = run(experiment, { seed: 1, populationStore, checkpoints });
  await expect(running).rejects.toThrow("no such place");
  expect((await populationStore.runs())[0]!.state.kind).toBe("stopped");
});

test("a ready that answers with a promise is told by its name", async () => {
  const later = (async () => false) as never;
  const error = await run(defineExperiment({ ...climbing, ready: later }), {
    seed: 1,
    patienceSeconds: 0,
  }).catch((caught) => caught);
  expect(String(error)).toContain("ready later: a Promise - is what it returned, but it must be");
});

describe("options are checked as declarations are", () => {
  test.each([
    [{ workers: 0 }, "workers: 0 - must be a whole number of at least 1"],
    [{ workers: 1.5 }, "workers: 1.5 - must be a whole number of at least 1"],
    [{ seed: "x" }, 'seed: "x" - must be a whole number of at least 0'],
    [{ seed: -1 }, "seed: -1 - must be a whole number of at least 0"],
    [{ sed: 1 }, 'sed: 1 - is not an option; did you mean "seed"?'],
    [{ patienceSeconds: -1 }, "patienceSeconds: -1 - must be a number of seconds from 0 on"],
    [{ control: "random" }, 'control: "random" - is not a control; known are random-search,'],
    [{ checkpoints: "./here" }, 'checkpoints: "./here" - must be a function'],
    [{ populationStore: {} }, "populationStore: {} - must be a population store"],
    [{ signal: {} }, "signal: {} - must be an AbortSignal"],
    [{ onEvent: 3 }, "onEvent: 3 - must be a function"],
  ])("%j", async (options, message) => {
    await expect(start(experiment, options as object)).rejects.toThrow(message);
  });

  test("all at once", async () => {
    const wrong = { workers: 0, seed: "x", sed: 1 } as object;
    await expect(run(experiment, wrong)).rejects.toMatchObject({
      problems: [{ path: "workers" }, { path: "seed" }, { path: "sed" }],
    });
  });

  test("an experiment that is none", async () => {
    await expect(start(climbing as never)).rejects.toThrow("is not an experiment; give what");
    await expect(start(undefined as never)).rejects.toThrow("is not an experiment; give what");
  });
});

describe("a signal", () => {
  test("that has aborted starts nothing, and builds no trainer", async () => {
    const populationStore = memoryPopulationStore();
    let built = 0;
    const counted = defineExperiment({
      ...climbing,
      trainer: (context: { seed: number }) => {
        built++;
        return new NoisyClimber(context);
      },
    });
    const signal = AbortSignal.abort(new Error("never mind"));
    await expect(run(counted, { populationStore, signal })).rejects.toThrow("never mind");
    expect(built).toBe(0);
    expect(await populationStore.runs()).toEqual([]);
  });

  test("ends the wait for a trainer that is being built", async () => {
    const populationStore = memoryPopulationStore();
    const slow = defineExperiment({
      ...climbing,
      trainer: () => new Promise<NoisyClimber>(() => {}),
    });
    const signal = AbortSignal.timeout(50);
    await expect(run(slow, { populationStore, signal })).rejects.toThrow(/timeout/i);
    expect(await populationStore.runs()).toEqual([]);
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
