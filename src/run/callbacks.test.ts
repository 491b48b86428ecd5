import { memoryPopulationStore, run, start } from "clade";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { fewClimbers as experiment, unhurried } from "./climbing.test-support.ts";

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
