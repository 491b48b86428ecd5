import { choice, everySteps, type Hyperparameters, uniform } from "clade";
import { expect, test } from "vitest";
import { run } from "../run/run.ts";
import { TrainerError, type TrainerSession } from "../trainer/trainer-session.ts";
import {
  Climber,
  climbing,
  failing,
  simulatedRun,
  sound,
  states,
} from "./simulated-run.test-support.ts";

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

test("a worker waits for a moment before it tests itself", async () => {
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
