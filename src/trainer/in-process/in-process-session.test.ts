import {
  everySteps,
  type Hyperparameters,
  type Place,
  type Trainer,
  type TrainerContext,
  TrainerError,
} from "clade";
import { trainerSessionConformance } from "clade/testing";
import { describe, expect, test } from "vitest";
import type { TrainerSession } from "../trainer-session.ts";
import { inProcessSession } from "./in-process-session.ts";

const context = { member: 0, seed: 5, hyperparameters: { rate: 2 } };

/** One step. */
function train(session: TrainerSession, hyperparameters: Hyperparameters): Promise<number> {
  const budget = { stepsLeft: Infinity, millisecondsLeft: Infinity };
  return session.train({
    ...budget,
    hyperparameters,
    step: 0,
    generation: 0,
    ready: everySteps(1),
  });
}

/** Adds the rate to its one weight; remembers what was done to all of its kind. */
function adder() {
  const log: string[] = [];
  class Adder implements Trainer<{ rate: number }> {
    weights: Float64Array = new Float64Array([0]);
    constructor({ seed }: TrainerContext<{ rate: number }>) {
      log.push(`made with ${seed}`);
    }
    step({ rate }: { rate: number }) {
      this.weights[0]! += rate;
    }
    evaluate({ final }: { final: boolean }) {
      return { weight: this.weights[0]!, ...(final && { test: 1 }) };
    }
    save() {
      return { weights: this.weights };
    }
    restore({ weights }: { weights: Float64Array }) {
      this.weights = weights;
    }
    dispose() {
      log.push("disposed");
    }
  }
  return { session: inProcessSession(Adder as never), log };
}

describe("the session of a trainer in this process keeps the contract", () => {
  const hyperparameters = [{ rate: 2 }, { rate: 3 }] as const;
  const cases = trainerSessionConformance(() => adder().session, {
    metric: "weight",
    hyperparameters,
  });
  test.each(cases)("$name", ({ run }) => run());
});

test("a class is constructed, a function is called, and both train alike", async () => {
  const { session } = adder();
  const made = inProcessSession(() => {
    let weight = 0;
    return {
      step: ({ rate }) => {
        weight += rate as number;
      },
      evaluate: () => ({ weight }),
      save: () => ({ weight }),
      restore: (state: { weight: number }) => {
        weight = state.weight;
      },
    };
  });
  for (const each of [session, made]) {
    await each.start(context);
    await train(each, { rate: 2 });
    await train(each, { rate: 3 });
    expect(await each.evaluate(false)).toEqual({ weight: 5 });
  }
});

test("a save keeps its state while the trainer trains on, and restores repeatedly", async () => {
  const { session } = adder();
  await session.start(context);
  await train(session, { rate: 2 });
  const files = await session.save();
  for (let restored = 0; restored < 3; restored++) {
    await train(session, { rate: 10 });
    await session.restore(files, context);
    expect(await session.evaluate(false)).toEqual({ weight: 2 });
  }
});

test("fresh weights need a new trainer and dispose of the old; restored ones do not", async () => {
  const { session, log } = adder();
  await session.start(context);
  const files = await session.save();
  await session.restore(files, { ...context, seed: 6 });
  expect(log).toEqual(["made with 5"]);
  await session.start({ ...context, seed: 7 });
  expect(log).toEqual(["made with 5", "disposed", "made with 7"]);
  await session.dispose();
  await session.dispose();
  expect(log).toEqual(["made with 5", "disposed", "made with 7", "disposed"]);
});

test("a session that holds nothing makes a trainer to restore into", async () => {
  const first = adder();
  await first.session.start(context);
  await train(first.session, { rate: 4 });
  const { session, log } = adder();
  await session.restore(await first.session.save(), context);
  expect(log).toEqual(["made with 5"]);
  expect(await session.evaluate(false)).toEqual({ weight: 4 });
});

test("a trainer that changes its hyperparameters fails; the record stays as told", async () => {
  const told = { rate: 2 };
  for (const call of ["constructor", "step()", "restore()"]) {
    const decay = (where: string, hyperparameters: { rate: number }) => {
      if (where === call) hyperparameters.rate *= 0.5;
    };
    class Decaying implements Trainer<{ rate: number }> {
      constructor({ hyperparameters }: TrainerContext<{ rate: number }>) {
        decay("constructor", hyperparameters);
      }
      step(hyperparameters: { rate: number }) {
        decay("step()", hyperparameters);
      }
      evaluate() {
        return { score: 1 };
      }
      save() {
        return {};
      }
      restore(_: never, { hyperparameters }: TrainerContext<{ rate: number }>) {
        decay("restore()", hyperparameters);
      }
    }
    const session = inProcessSession(Decaying as never);
    const living = async () => {
      await session.start({ ...context, hyperparameters: told });
      await train(session, told);
      await session.restore({ files: new Map() }, { ...context, hyperparameters: told });
    };
    await expect(living()).rejects.toThrow(
      `trainer ${call} failed: Cannot assign to read only property 'rate'`,
    );
  }
  expect(told).toEqual({ rate: 2 });
});

test("the last evaluation is told that it is", async () => {
  const { session } = adder();
  await session.start(context);
  expect(await session.evaluate(true)).toEqual({ weight: 0, test: 1 });
});

test("an asynchronous step is waited for", async () => {
  let done = false;
  const step = async () => {
    await null;
    done = true;
  };
  const slow = inProcessSession(() => ({ ...trainer, step }));
  await slow.start(context);
  await train(slow, {});
  expect(done).toBe(true);
});

const trainer = { step() {}, evaluate: () => ({}), save: () => ({}), restore() {} };
const fault = new Error("out of memory");
const fails = () => {
  throw fault;
};
const rejects = () => Promise.reject(fault);
/** Like the promises of some libraries: not of the class Promise. */
// biome-ignore lint/suspicious/noThenProperty: a thenable is what is tested
const thenable = () => ({ then: (_: unknown, reject: (error: unknown) => void) => reject(fault) });

test.each([
  ["constructor", fails],
  ["constructor", () => rejects()],
  ["step()", () => ({ ...trainer, step: fails })],
  ["step()", () => ({ ...trainer, step: rejects })],
  ["step()", () => ({ ...trainer, step: thenable })],
  ["evaluate()", () => ({ ...trainer, evaluate: fails })],
  ["evaluate()", () => ({ ...trainer, evaluate: rejects })],
  ["save()", () => ({ ...trainer, save: rejects })],
  ["restore()", () => ({ ...trainer, restore: fails })],
  ["dispose()", () => ({ ...trainer, dispose: rejects })],
])(
  "a %s that fails is a TrainerError that says which call failed and keeps the cause (%#)",
  async (call, source) => {
    const session = inProcessSession(source as never);
    const life = async () => {
      await session.start(context);
      await train(session, {});
      await session.evaluate(false);
      await session.restore(await session.save(), context);
      await session.dispose();
    };
    const error = await life().catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(TrainerError);
    expect(error).toMatchObject({
      message: `trainer ${call} failed: out of memory`,
      cause: fault,
    });
  },
);

test("a state that cannot be kept fails the save and says what it was", async () => {
  const session = inProcessSession(() => ({ ...trainer, save: () => ({ memory: new Map() }) }));
  await session.start(context);
  await expect(session.save()).rejects.toThrow(
    "trainer save() failed: save().memory: an object of class Map cannot be kept",
  );
});

test("after a trainer that could not be disposed of, a new one can be made", async () => {
  let made = 0;
  const session = inProcessSession(() => ({
    ...trainer,
    dispose: made++ === 0 ? fails : () => {},
  }));
  await session.start(context);
  await expect(session.dispose()).rejects.toThrow(TrainerError);
  await session.start(context);
  await session.dispose();
  expect(made).toBe(2);
});

const waitsForEver = () => new Promise<never>(() => {});

test.each([
  ["step()", { ...trainer, step: waitsForEver }],
  ["evaluate()", { ...trainer, evaluate: waitsForEver }],
  ["save()", { ...trainer, save: waitsForEver }],
  ["restore()", { ...trainer, restore: waitsForEver }],
])(
  "a %s that waits for ever fails after the limit, and what comes next has a new trainer",
  async (call, stuck) => {
    let made = 0;
    const source = () => (made++ === 0 ? stuck : trainer);
    const session = inProcessSession(source as never, { stepTimeoutSeconds: 0.2 });
    const life = async () => {
      await session.start(context);
      await train(session, {});
      await session.evaluate(false);
      await session.restore(await session.save(), context);
    };
    await expect(life()).rejects.toThrow(
      `trainer ${call} did not end within 0.2 s; see what it waits for`,
    );
    await session.restore({ files: new Map() }, context);
    expect(made).toBe(2);
    await train(session, {});
  },
);

test("steps that together take longer than the limit do not fail", async () => {
  const step = () => new Promise<void>((resolve) => setTimeout(resolve, 20));
  const session = inProcessSession(() => ({ ...trainer, step }), { stepTimeoutSeconds: 0.5 });
  await session.start(context);
  const budget = { stepsLeft: Infinity, millisecondsLeft: Infinity };
  expect(
    await session.train({
      ...budget,
      hyperparameters: {},
      step: 0,
      generation: 0,
      ready: everySteps(40),
    }),
  ).toBe(40);
});

test("a waiting step is left when the generation must stop, and never called again", async () => {
  let steps = 0;
  const step = () => {
    steps++;
    return new Promise<void>((resolve) => setTimeout(resolve, 300));
  };
  const session = inProcessSession(() => ({ ...trainer, step }));
  await session.start(context);
  session.interruptWith(() => {
    if (steps > 0) throw new Error("the lease was lost");
  });
  await expect(train(session, {})).rejects.toThrow("the lease was lost");
  expect(steps).toBe(1);
});

test("a step is told where it is in its run, and whom its weights were copied from", async () => {
  const places: Place[] = [];
  class Placed {
    step(_: Hyperparameters, place: Place) {
      places.push(place);
    }
    evaluate() {
      return { steps: places.length };
    }
    save() {
      return {};
    }
    restore() {}
  }
  const session = inProcessSession(Placed);
  const turn = { member: 3, seed: 1, hyperparameters: {} };
  const left = { hyperparameters: {}, stepsLeft: 5, millisecondsLeft: Infinity };
  const ready = everySteps(2);
  await session.start({ ...turn, place: { run: "r", generation: 0, step: 0 } });
  await session.train({ ...left, ready, step: 0, generation: 0 });
  const place = { run: "r", generation: 1, step: 7, copied: 5 };
  await session.restore(await session.save(), { ...turn, place });
  await session.train({ ...left, ready, step: 7, generation: 1 });
  // It goes on with what it has.
  await session.train({ ...left, ready, step: 9, generation: 2, stepsLeft: 1 });
  const same = { run: "r", member: 3, stepCount: 2 };
  expect(places).toEqual([
    { ...same, generation: 0, step: 0 },
    { ...same, generation: 0, step: 1 },
    { ...same, generation: 1, step: 7, copied: 5 },
    { ...same, generation: 1, step: 8, copied: 5 },
    { ...same, generation: 2, step: 9, stepCount: 1 },
  ]);
});
