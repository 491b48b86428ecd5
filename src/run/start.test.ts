import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join as joined } from "node:path";
import {
  defineExperiment,
  filesystemCheckpointStore,
  join,
  memoryCheckpointStore,
  memoryPopulationStore,
  type RunEvent,
  readHistory,
  resume,
  run,
  start,
  watch,
} from "clade";
import { describe, expect, test } from "vitest";
import {
  climbing,
  fewClimbers as experiment,
  NoisyClimber,
  unhurried,
} from "./climbing.test-support.ts";

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
