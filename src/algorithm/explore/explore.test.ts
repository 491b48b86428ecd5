import {
  choice,
  conditional,
  constant,
  followSchedule,
  type Hyperparameters,
  integer,
  logUniform,
  noExplore,
  perturb,
  randomStream,
  resample,
  uniform,
} from "clade";
import { describe, expect, test } from "vitest";
import { searchSpace } from "../../experiment/search-space/search-space.ts";

const space = searchSpace({
  rate: logUniform(1e-6, 1),
  dropout: uniform(0, 1),
  layers: integer(1, 64),
  optimizer: choice("sgd", "adam"),
  activation: constant("gelu"),
  momentum: conditional("optimizer", "sgd", uniform(0, 1)),
});
const values = {
  rate: 1e-3,
  dropout: 0.5,
  layers: 10,
  optimizer: "sgd",
  activation: "gelu",
  momentum: 0.5,
};

/** How often the outcome of exploring holds, of 4000 seeds. */
function count(
  explore: ReturnType<typeof perturb>,
  holds: (explored: Hyperparameters) => boolean,
): number {
  let counted = 0;
  for (let seed = 0; seed < 4000; seed++) {
    if (holds(explore(values, space, randomStream("explore", seed), { step: 1 }))) counted++;
  }
  return counted;
}
const fourErrors = (share: number) => 4 * Math.sqrt(4000 * share * (1 - share));

describe("perturb", () => {
  test("draws from the prior a quarter of the time, and else multiplies by 0.8 or 1.2", () => {
    const moved = (factor: number) => count(perturb(), ({ rate }) => rate === 1e-3 * factor);
    for (const factor of [0.8, 1.2]) {
      expect(Math.abs(moved(factor) - 4000 * 0.375)).toBeLessThan(fourErrors(0.375));
    }
  });

  test.each([0, 0.1, 0.6, 1])(
    "draws from the prior with probability %d",
    (resampleProbability) => {
      const drawn = count(
        perturb({ resampleProbability }),
        ({ rate }) => rate !== 1e-3 * 0.8 && rate !== 1e-3 * 1.2,
      );
      expect(Math.abs(drawn - 4000 * resampleProbability)).toBeLessThanOrEqual(
        fourErrors(resampleProbability),
      );
    },
  );

  test("uses the factors that it was given, each equally often", () => {
    const factors = [0.5, 0.9, 3];
    const explore = perturb({ factors, resampleProbability: 0 });
    for (const factor of factors) {
      const used = count(explore, ({ rate }) => rate === 1e-3 * factor);
      expect(Math.abs(used - 4000 / 3)).toBeLessThan(fourErrors(1 / 3));
    }
  });

  test("moves by at least a share of a log scale's range, whatever the factor", () => {
    const decade = 10 ** (6 * 0.1);
    const moves = (explore: ReturnType<typeof perturb>) =>
      new Set(
        Array.from({ length: 100 }, (_, seed) => {
          const random = randomStream("least", seed);
          const { rate, dropout } = explore(values, space, random, { step: 1 });
          return `${(Number(rate) / 1e-3).toPrecision(6)} ${Number(dropout).toPrecision(6)}`;
        }),
      );
    const [down, up] = [(1 / decade).toPrecision(6), decade.toPrecision(6)];
    const share = { leastShare: 0.1, resampleProbability: 0 };
    expect([...moves(perturb({ ...share, factors: [0.8, 1.2] }))].sort()).toEqual(
      [down, up].flatMap((rate) => [`${rate} 0.400000`, `${rate} 0.600000`]).sort(),
    );
    expect([...moves(perturb({ ...share, factors: [10] }))]).toEqual(["10.0000 1.00000"]);
  });

  test("moves each hyperparameter on its own", () => {
    const both = count(
      perturb({ resampleProbability: 0 }),
      ({ rate, layers }) => rate === 1e-3 * 1.2 && layers === 8,
    );
    expect(Math.abs(both - 1000)).toBeLessThan(fourErrors(0.25));
  });

  test("leaves a choice alone unless it draws, and then any option may come", () => {
    expect(
      count(perturb({ resampleProbability: 0 }), ({ optimizer }) => optimizer === "sgd"),
    ).toBe(4000);
    const changed = count(
      perturb({ resampleProbability: 0.5 }),
      ({ optimizer }) => optimizer === "adam",
    );
    expect(Math.abs(changed - 1000)).toBeLessThan(fourErrors(0.25));
  });
});

describe("resample", () => {
  test.each([0, 0.3, 1])(
    "draws each from its prior with probability %d and keeps it otherwise",
    (probability) => {
      const changed = count(resample({ probability }), ({ rate }) => rate !== 1e-3);
      expect(Math.abs(changed - 4000 * probability)).toBeLessThanOrEqual(fourErrors(probability));
    },
  );

  test("draws from the prior, not around the value", () => {
    const above = count(resample(), ({ dropout }) => (dropout as number) > 0.9);
    expect(Math.abs(above - 400)).toBeLessThan(fourErrors(0.1));
  });

  test("always draws by default", () => {
    expect(count(resample(), ({ rate, dropout }) => rate !== 1e-3 && dropout !== 0.5)).toBe(4000);
  });
});

test("noExplore changes nothing", () => {
  expect(count(noExplore(), (explored) => explored === values)).toBe(4000);
});

test.each([
  ["perturb", perturb()],
  ["resample", resample({ probability: 0.5 })],
])("what %s draws does not depend on the order of the keys", (_, explore) => {
  const reversed = Object.fromEntries(Object.entries(values).reverse());
  for (let seed = 0; seed < 200; seed++) {
    expect(explore(reversed, space, randomStream(seed), { step: 1 })).toEqual(
      explore(values, space, randomStream(seed), { step: 1 }),
    );
  }
});

test("the same stream explores to the same values, and the old ones stay as they were", () => {
  const before = structuredClone(values);
  for (const explore of [perturb(), resample(), noExplore()]) {
    const explored = [1, 1, 2].map((seed) =>
      explore(values, space, randomStream(seed), { step: 1 }),
    );
    expect(explored[0]).toEqual(explored[1]);
  }
  expect(values).toEqual(before);
});

test("followSchedule gives what the schedule has for the next step, and then the last", () => {
  const explore = followSchedule({
    schedule: [
      { toStep: 10, hyperparameters: { rate: 1 } },
      { toStep: 30, hyperparameters: { rate: 2 } },
    ],
  });
  const at = (step: number) => explore({ rate: 9 }, space, randomStream(1), { step });
  expect([0, 9, 10, 29, 30, 99].map((step) => at(step).rate)).toEqual([1, 1, 2, 2, 2, 2]);
});

test("followSchedule leaves what the schedule does not name as it is", () => {
  const explore = followSchedule({ schedule: [{ toStep: 10, hyperparameters: { rate: 1 } }] });
  expect(explore({ rate: 9, layers: 3 }, space, randomStream(1), { step: 0 })).toEqual({
    rate: 1,
    layers: 3,
  });
});

test("a schedule that is out of order is refused", () => {
  const parts = [20, 10].map((toStep) => ({ toStep, hyperparameters: {} }));
  const explore = followSchedule({ schedule: parts });
  expect(() => explore({}, space, randomStream(1), { step: 0 })).toThrow(
    "must be in the order of steps",
  );
});
