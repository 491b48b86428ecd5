import type { Hyperparameters } from "clade";
import { expect, test } from "vitest";
import type { RunId, WorkerId } from "../population-store/population-store.ts";
import { inProcessSession } from "../trainer/in-process/in-process-session.ts";
import type { Clock } from "./clock.ts";
import {
  Climber,
  climbing,
  failing,
  finished,
  simulatedRun,
  sound,
  stateOf,
  states,
} from "./simulated-run.test-support.ts";

test.each([
  ["from the beginning", 0],
  ["after a while", 30],
])(
  "a worker on which everything fails %s is set aside, and costs no member and no copy",
  async (_, well) => {
    const { join, seen, told, store, id } = await simulatedRun();
    const broken = () => failing((step) => step > well && "the device does not answer");
    const [leftWell, left] = await Promise.all([join("good", sound()), join("bad", broken())]);
    const { run, members, failures, decisions } = await seen();
    expect(run.state.kind).toBe("done");
    expect(states(members)).toEqual(finished);
    expect(leftWell).toBeUndefined();
    expect(left).toContain("the device does not answer");
    expect(told[0]).toMatch(/^bad: set aside: .*the device does not answer/);
    expect(failures.length).toBeGreaterThan(0);
    for (const failure of failures)
      expect(failure).toMatchObject({
        worker: "bad:1:1",
        against: "worker",
        cause: "trainer",
        phase: "train",
      });
    expect(decisions.filter(({ reason }) => reason.text.startsWith("rescued"))).toEqual([]);
    expect(await store.workers(id)).toMatchObject([
      { worker: "bad:1:1", state: { kind: "gave-up" } },
    ]);
  },
);

test("an outage of every worker costs its length and the last pause, and no member", async () => {
  const { join, seen, told, world } = await simulatedRun(climbing(), 600);
  let isAway = false;
  let hadAway = false;
  const outage = () => {
    if (!hadAway) world.later(10_000, "the outage ends", () => (isAway = false));
    isAway ||= !hadAway;
    hadAway = true;
  };
  const shaky = () =>
    failing((step) => {
      if (step === 12) outage();
      return isAway && "the data is away";
    });
  expect(await Promise.all([join("one", shaky()), join("two", shaky())])).toEqual([
    undefined,
    undefined,
  ]);
  const { run, members, decisions, failures } = await seen();
  expect(run.state.kind).toBe("done");
  expect(states(members)).toEqual(finished);
  expect(failures.length).toBeGreaterThan(0);
  expect(decisions.filter(({ reason }) => reason.text.startsWith("rescued"))).toEqual([]);
  expect(told.some((line) => line.endsWith("back: a trial has succeeded"))).toBe(true);
});

test("an outage that is over for one worker is over for all, whatever their pauses", async () => {
  const { join, seen, store, id, told, until, world } = await simulatedRun(climbing(), 3600);
  const isBack = (name: string) => told.includes(`${name}: back: a trial has succeeded`);
  let outage: "to come" | "now" | "over" = "to come";
  class Shaky extends Climber {
    override async step(values: Hyperparameters) {
      if (this.height > 0 && outage === "to come") outage = "now";
      if (outage === "now") throw new Error("the data is away");
      await super.step(values);
    }
  }
  /** Does not end the run alone. */
  class First extends Shaky {
    override async step(values: Hyperparameters) {
      while (isBack("first") && !isBack("patient")) await world.pause(10);
      await super.step(values);
    }
  }
  /** Before a worker tests itself for the first time it waits for a moment only. */
  const afterMoment =
    (rest: Clock["pause"]) =>
    (pause: Clock["pause"]): Clock["pause"] => {
      let pauses = 0;
      return (ms, until) => (pauses++ === 0 ? pause(ms, until) : rest(ms, until));
    };
  const untilWoken = (_: number, signal: AbortSignal) => until(() => signal.aborted);
  const untilOver = (_: number, signal: AbortSignal) =>
    until(() => outage !== "now" || signal.aborted);
  let looks = 0;
  const { members: look } = store;
  const counted = (run: RunId) => {
    looks++;
    return look(run);
  };
  Object.assign(store, { members: counted });
  const working = [
    join("patient", inProcessSession(Shaky), undefined, afterMoment(untilWoken)),
    join("first", inProcessSession(First), undefined, afterMoment(untilOver)),
  ];
  await until(async () => (await stateOf(store, id)).join() === "set-aside,set-aside");
  // Both have seen that nobody works.
  looks = 0;
  await until(() => looks > 5);
  outage = "over";
  expect(await Promise.all(working)).toEqual([undefined, undefined]);
  expect(states((await seen()).members)).toEqual(finished);
});

test("a set-aside worker shows what it waits for, and leaves at once when asked to", async () => {
  const { join, store, id, until } = await simulatedRun(climbing(), 3600);
  const leave = new AbortController();
  const working = join(
    "only",
    failing((step) => step > 10 && "the data is away"),
    leave.signal,
  );
  await until(async () => (await stateOf(store, id)).join() === "set-aside");
  const [{ state }] = (await store.workers(id)) as unknown as [
    { readonly state: { since: number; givesUpAt: number; reason: string } },
  ];
  expect(state.reason).toContain("the data is away");
  expect(state.givesUpAt - state.since).toBe(3_600_000);
  leave.abort();
  expect(await working).toBeUndefined();
  expect(await store.workers(id)).toEqual([]);
});

test("members are given up with the last error when the patience is over", async () => {
  const { join, seen } = await simulatedRun();
  const left = await join(
    "only",
    failing((step) => step > 10 && "the data is away"),
  );
  expect(left).toContain("the data is away");
  const { run, members, failures } = await seen();
  expect(run.state.kind).toBe("failed");
  expect(states(members)).toEqual(Array(6).fill("failed"));
  expect(failures.at(-1)!.message).toContain("the data is away");
  expect(failures.at(-1)!.at - failures[0]!.at).toBeGreaterThanOrEqual(60_000);
});

test("a worker out of patience leaves the members to one that still tests itself", async () => {
  const { join, seen, store, id } = await simulatedRun();
  const other = "other:1:1" as WorkerId;
  const later = { triesAt: 0, givesUpAt: Number.MAX_SAFE_INTEGER };
  await store.noteWorker(id, other, {
    kind: "set-aside",
    since: 0,
    reason: "the data is away",
    ...later,
  });
  expect(
    await join(
      "bad",
      failing(() => "the device does not answer"),
    ),
  ).toContain("the device does not answer");
  expect((await seen()).run.state.kind).toBe("running");
  expect(await join("other", sound())).toBeUndefined();
  expect(states((await seen()).members)).toEqual(finished);
});

test("the last worker's patience begins with the last publication of any worker", async () => {
  const { join, seen, store, id, until } = await simulatedRun(climbing(), 100);
  const last = join(
    "last",
    failing((step) => step > 30 && "the device does not answer"),
  );
  await until(async () => (await stateOf(store, id)).join() === "set-aside");
  const before = (await store.end(id)).snapshots;
  const leave = new AbortController();
  const other = join("other", sound(), leave.signal);
  await until(async () => (await store.end(id)).snapshots > before);
  leave.abort();
  await Promise.all([last, other]);
  const { run, failures, snapshots } = await seen();
  expect(run.state.kind).toBe("failed");
  expect(failures.at(-1)!.at - snapshots.at(-1)!.publishedAt).toBeGreaterThanOrEqual(100_000);
});

test("a worker whose predecessor was blocked tests itself before it claims a member", async () => {
  const { join, seen, told, store, id, until, world } = await simulatedRun(climbing(), 3600);
  const hang = {
    since: world.time,
    hangs: 1,
    member: 0,
    blockedMs: 1000,
    message: "the trainer blocked its worker",
  };
  const leave = new AbortController();
  const broken = () => failing(() => "the device does not answer");
  const working = join("bad", broken(), leave.signal, undefined, hang);
  const reasons = async () =>
    (await store.workers(id)).map(({ state }) => "reason" in state && state.reason).join();
  await until(async () => (await reasons()).includes("the device does not answer"));
  leave.abort();
  await working;
  expect((await seen()).failures).toEqual([]);
  expect(await join("good", sound(), undefined, undefined, hang)).toBeUndefined();
  expect(told).toContain("good: back: a trial has succeeded");
  expect(states((await seen()).members)).toEqual(finished);
});

test("members are given up when workers are blocked until the patience is over", async () => {
  const { join, seen, world } = await simulatedRun();
  const hang = {
    since: world.time,
    hangs: 9,
    member: 0,
    blockedMs: 1000,
    message: "the trainer blocked its worker",
  };
  world.later(60_000, "a minute is over", () => {});
  await world.run(
    () => false,
    async () => {},
  );
  expect(await join("last", sound(), undefined, undefined, hang)).toBe(
    "the trainer blocked its worker",
  );
  const { run, failures } = await seen();
  expect(run.state.kind).toBe("failed");
  expect(failures).toHaveLength(6);
  for (const failure of failures)
    expect(failure).toMatchObject({ against: "worker", cause: "trainer" });
});

test("where nothing has ever been trained a tenth of the patience is enough", async () => {
  const { join, seen } = await simulatedRun();
  await join(
    "only",
    failing(() => "a mistake"),
  );
  const { run, failures } = await seen();
  expect(run.state.kind).toBe("failed");
  const lasted = failures.at(-1)!.at - failures[0]!.at;
  expect(lasted).toBeGreaterThanOrEqual(6_000);
  expect(lasted).toBeLessThan(60_000);
});
