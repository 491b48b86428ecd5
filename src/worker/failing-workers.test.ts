import {
  choice,
  defineExperiment,
  everySteps,
  type Hyperparameters,
  maximize,
  memoryPopulationStore,
  truncationSelection,
  uniform,
} from "clade";
import { expect, test } from "vitest";
import { populationAsSeenBy } from "../../test/simulation/simulated-stores.ts";
import { Process, World } from "../../test/simulation/world.ts";
import { memoryCheckpointStore } from "../checkpoint-store/memory/memory-checkpoint-store.ts";
import {
  type PopulationStore,
  type RunId,
  start,
  type WorkerId,
} from "../population-store/population-store.ts";
import { inProcessSession } from "../trainer/in-process/in-process-session.ts";
import { TrainerError, type TrainerSession } from "../trainer/trainer-session.ts";
import type { Clock } from "./clock.ts";
import type { Hang } from "./hang.ts";
import { createRun, run } from "./run.ts";
import { work } from "./worker.ts";

class Climber {
  height = 0;
  async step({ rate }: Hyperparameters): Promise<void> {
    this.height += rate as number;
  }
  evaluate() {
    return { height: this.height };
  }
  save() {
    return { height: this.height };
  }
  restore({ height }: { readonly height: number }) {
    this.height = height;
  }
}

const climbing = (changes: object = {}) =>
  defineExperiment({
    name: "climb",
    population: 6,
    hyperparameters: { rate: uniform(0, 1) },
    objective: maximize("height"),
    ready: everySteps(5),
    exploit: truncationSelection({ fraction: 0.34 }),
    budget: { stepsPerMember: 20 },
    trainer: Climber,
    ...changes,
  });

const nothing = async () => {};
const calm = { awayUntil: 0, fullUntil: 0, lostAnswers: 0, tornCheckpoints: 0 };

/** A run in simulated time, and workers that join it, each with a trainer of its own. */
async function simulatedRun(experiment = climbing(), patienceSeconds = 60) {
  const world = new World(1);
  const store = memoryPopulationStore({ now: () => world.time });
  const created = await createRun(store, experiment, 1);
  const checkpointStore = memoryCheckpointStore();
  const told: string[] = [];
  let working = 0;
  const runWorld = async () => {
    while (working > 0) {
      await world.run(() => working === 0, nothing);
      await new Promise(setImmediate);
    }
  };
  const join = async (
    name: string,
    session: TrainerSession,
    signal = new AbortController().signal,
    pausing = (pause: Clock["pause"]) => pause,
    hang: Hang | undefined = undefined,
  ) => {
    const process = new Process(world, name);
    if (++working === 1) void runWorld();
    try {
      return await work({
        worker: `${name}:1:1` as WorkerId,
        run: created,
        experiment,
        populationStore: populationAsSeenBy(process, world, calm, store),
        checkpointStore,
        session,
        signal,
        hang,
        leaseMs: 60_000,
        patienceMs: 1000 * patienceSeconds,
        clock: { ...process.clock, pause: pausing(process.clock.pause) },
        tell: (line) => told.push(`${name}: ${line}`),
      });
    } finally {
      working--;
    }
  };
  const seen = async () => ({
    run: await store.run(created.id),
    members: await store.members(created.id),
    ...(await store.changes(created.id, start, 100_000)),
  });
  const until = async (isSo: () => boolean | Promise<boolean>) => {
    while (!(await isSo())) await world.pause(10);
  };
  return { id: created.id, store, join, seen, told, until, world };
}

const sound = () => inProcessSession(Climber);

/** Steps of a session fail while `fails` says so. */
function failing(
  fails: (step: number, values: Hyperparameters) => string | false,
): TrainerSession {
  let steps = 0;
  class Failing extends Climber {
    override async step(values: Hyperparameters) {
      const error = fails(++steps, values);
      if (error) throw new Error(error);
      await super.step(values);
    }
  }
  return inProcessSession(Failing);
}

const states = (members: readonly { readonly state: string }[]) =>
  members.map(({ state }) => state);
const finished = Array(6).fill("finished");
const stateOf = async (store: PopulationStore, id: RunId) =>
  (await store.workers(id)).map(({ state }) => state.kind);

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
  /** Before a worker tries itself for the first time it waits for a moment only. */
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

test("a worker out of patience leaves the members to one that still tries itself", async () => {
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

test("a worker whose predecessor was blocked tries itself before it claims a member", async () => {
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
  await world.run(() => false, nothing);
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

test("a member that fails alone is rescued, and in the end its values are given up", async () => {
  const always = climbing({ population: 3, initial: [{ rate: 0.5 }] });
  const { join, seen } = await simulatedRun(always);
  const session = () => failing((_, values) => values.rate === 0.5 && "does not fit");
  await Promise.all([join("one", session()), join("two", session())]);
  const { run, members, failures, decisions } = await seen();
  expect(run.state.kind).toBe("done");
  expect(states(members)).toEqual(Array(3).fill("finished"));
  expect(failures.every(({ member, against }) => member === 0 && against === "member")).toBe(true);
  expect(decisions.filter(({ reason }) => reason.text.startsWith("rescued"))).toHaveLength(1);
});

test("a member does not draw again what always failed, and no member is given up", async () => {
  const failing = new Map<number, number>();
  class Small extends Climber {
    override async step({ batch, rate }: Hyperparameters): Promise<void> {
      if ((batch as number) >= 128) throw new Error("out of memory");
      await super.step({ rate: rate! });
    }
  }
  const experiment = climbing({
    population: 10,
    hyperparameters: { rate: uniform(0, 1), batch: choice(16, 32, 64, 128, 256) },
    ready: everySteps(1),
    exploreEvery: "generation",
    trainer: Small,
  });
  const result = await run(experiment, {
    seed: 1,
    patienceSeconds: 0,
    onEvent: (event) => {
      if (event.type !== "failure") return;
      const { member } = event.failure;
      failing.set(member, (failing.get(member) ?? 0) + 1);
    },
  });
  expect(result).toMatchObject({ state: { kind: "done" }, failedMembers: 0 });
  // Twice with each of the two at most, in 20 generations of which each draws anew.
  expect(Math.max(...failing.values())).toBeLessThanOrEqual(4);
});

test("a member is rescued though its failure kills the worker every time", async () => {
  const { join, seen } = await simulatedRun(climbing({ population: 3, initial: [{ rate: 0.5 }] }));
  const session = sound();
  let isHeld = false;
  const slowToFree: TrainerSession = {
    ...session,
    async train(generation) {
      if (generation.hyperparameters.rate === 0.5) {
        isHeld = true;
        throw new TrainerError("does not fit", "");
      }
      if (isHeld) {
        isHeld = false;
        throw new TrainerError("the memory is not free yet", "");
      }
      return await session.train(generation);
    },
  };
  await join("only", slowToFree);
  const { run, members, failures, decisions } = await seen();
  expect(run.state.kind).toBe("done");
  expect(states(members)).toEqual(Array(3).fill("finished"));
  expect(failures.map(({ against }) => against)).toEqual(["worker", "member", "member"]);
  expect(decisions.filter(({ reason }) => reason.text.startsWith("rescued"))).toHaveLength(1);
});

test("a worker waits for a moment before it tries itself", async () => {
  const { join, seen, world } = await simulatedRun(climbing({ population: 2 }));
  const session = sound();
  let failedAt: number | undefined;
  const slowToFree: TrainerSession = {
    ...session,
    async train(generation) {
      failedAt ??= world.time;
      if (world.time - failedAt < 900) throw new TrainerError("the port is in use", "");
      return await session.train(generation);
    },
  };
  await join("only", slowToFree);
  const { failures } = await seen();
  expect(failures).toMatchObject([{ against: "member" }]);
});

/** A session whose trainer is killed from outside, as often as `kills` says so. */
function killed(kills: () => boolean): TrainerSession {
  const session = sound();
  return {
    ...session,
    async train(generation) {
      const steps = await session.train(generation);
      if (kills()) throw new TrainerError("was killed from outside", "", { kind: "outside" });
      return steps;
    },
  };
}

const published = async (store: PopulationStore, id: RunId) => {
  const { snapshots, decisions } = await store.changes(id, start, 100_000);
  const plain = snapshots.map(({ publishedAt, worker, ...snapshot }) => snapshot);
  const byId = (one: { readonly id: string }, other: { readonly id: string }) =>
    one.id < other.id ? -1 : 1;
  return {
    snapshots: plain.toSorted(byId),
    decisions: new Set(decisions.map((each) => JSON.stringify(each))),
  };
};

test("a trainer that is killed repeatedly changes no result of a synchronous run", async () => {
  const synchronous = climbing({ synchronous: true });
  const quiet = memoryPopulationStore();
  const { run: undisturbed } = await run(synchronous, { populationStore: quiet, seed: 1 });
  const { join, store, id, seen } = await simulatedRun(synchronous, 36_000);
  let trained = 0;
  await Promise.all(
    [1, 2].map((worker) =>
      join(
        `${worker}`,
        killed(() => ++trained % 3 === 0),
      ),
    ),
  );
  const { failures } = await seen();
  expect(failures.length).toBeGreaterThan(6);
  expect(failures.every(({ cause, against }) => cause === "outside" && against !== "member")).toBe(
    true,
  );
  expect(await published(store, id)).toEqual(await published(quiet, undisturbed));
});

test("the time that a killed member trained does not count against its patience", async () => {
  const { join, seen, world } = await simulatedRun(
    climbing({ population: 2, initial: [{ rate: 0.5 }] }),
    600,
  );
  const session = sound();
  let kills = 0;
  const longGenerations: TrainerSession = {
    ...session,
    async train(generation) {
      if (generation.hyperparameters.rate !== 0.5 || ++kills > 3)
        return await session.train(generation);
      await world.pause(1_200_000);
      throw new TrainerError("was killed from outside", "", { kind: "outside" });
    },
  };
  await join("only", longGenerations);
  const { run, failures, decisions } = await seen();
  expect(run.state.kind).toBe("done");
  expect(failures).toHaveLength(3);
  expect(decisions.filter(({ reason }) => reason.text.startsWith("rescued"))).toEqual([]);
});

test("a rescue in a synchronous run waits for a donor that was killed from outside", async () => {
  const synchronous = climbing({ synchronous: true, initial: [{ rate: 0.5 }, { rate: 1 }] });
  /** Member 0 fails by itself, and member 1, the best, is killed so often. */
  const result = async (kills: number) => {
    const { join, store, id, seen } = await simulatedRun(synchronous, 36_000);
    const session = sound();
    let member = -1;
    const failing: TrainerSession = {
      ...session,
      async start(turn) {
        ({ member } = turn);
        await session.start(turn);
      },
      async train(generation) {
        const { rate } = generation.hyperparameters;
        if (member === 0 && rate === 0.5) throw new TrainerError("does not fit", "");
        if (member === 1 && rate === 1 && generation.generation === 0 && kills-- > 0)
          throw new TrainerError("was killed from outside", "", { kind: "outside" });
        return await session.train(generation);
      },
    };
    await join("only", failing);
    const { decisions, failures } = await seen();
    expect(decisions.filter(({ reason }) => reason.text.startsWith("rescued"))).toHaveLength(1);
    return { published: await published(store, id), failures: failures.length };
  };
  const undisturbed = await result(0);
  const disturbed = await result(4);
  expect([undisturbed.failures, disturbed.failures]).toEqual([2, 6]);
  expect(disturbed.published).toEqual(undisturbed.published);
});

test("a member that is killed every time is rescued when the patience is over", async () => {
  const { join, seen } = await simulatedRun(
    climbing({ population: 3, initial: [{ rate: 0.5 }] }),
    20,
  );
  const session = sound();
  const tooLarge: TrainerSession = {
    ...session,
    async train(generation) {
      if (generation.hyperparameters.rate === 0.5)
        throw new TrainerError("was killed from outside", "", { kind: "outside" });
      return await session.train(generation);
    },
  };
  await join("only", tooLarge);
  const { run, members, failures, decisions, snapshots } = await seen();
  expect(run.state.kind).toBe("done");
  expect(states(members)).toEqual(Array(3).fill("finished"));
  const [rescue, ...others] = decisions.filter(({ reason }) => reason.text.startsWith("rescued"));
  expect([rescue!.member, others]).toEqual([0, []]);
  const rescued = snapshots.find(({ member, kind }) => member === 0 && kind === "copied")!;
  expect(rescued.publishedAt - failures[0]!.at).toBeGreaterThanOrEqual(20_000);
});

test("a rescue is decided once, though its worker leaves before it has trained", async () => {
  const { join, seen, store, id } = await simulatedRun(climbing({ population: 3 }), 0);
  const leave = new AbortController();
  const session = sound();
  let member = -1;
  let failures = 0;
  const leaving: TrainerSession = {
    ...session,
    async restore(checkpoint, turn) {
      member = turn.member;
      await session.restore(checkpoint, turn);
    },
    async train(generation) {
      if (member === 0 && generation.generation === 1) {
        if (++failures < 3) throw new TrainerError("exploded", "");
        leave.abort();
      }
      return await session.train(generation);
    },
  };
  await join("first", leaving, leave.signal);
  expect((await store.members(id))[0]).toMatchObject({ failures: 2, newest: { kind: "copied" } });
  await join("second", sound());
  const { decisions, run } = await seen();
  expect(run.state.kind).toBe("done");
  expect(decisions.filter(({ reason }) => reason.text.startsWith("rescued"))).toHaveLength(1);
});
