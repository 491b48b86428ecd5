import {
  choice,
  conditional,
  constant,
  type Declared,
  integer,
  logUniform,
  nearOne,
  normal,
  ordinal,
  perturb,
  quantized,
  randomStream,
  uniform,
} from "clade";
import { describe, expect, test } from "vitest";
import { searchSpace } from "./search-space.ts";

const numbers = {
  uniform: uniform(0, 0.5),
  "uniform around zero": uniform(-1, 2),
  "uniform below zero": uniform(-3, -1),
  "uniform with wider bounds": uniform(0.2, 0.3, { bounds: [0, 1] }),
  logUniform: logUniform(1e-5, 1e-1),
  "logUniform with wider bounds": logUniform(0.01, 0.1, { bounds: [0.001, 10] }),
  nearOne: nearOne(0.5, 0.9999),
  "nearOne with wider bounds": nearOne(0.9, 0.99, { bounds: [-1, 0.99999] }),
  normal: normal(0, 1, { bounds: [-2, 3] }),
  "normal at the edge": normal(1, 5, { bounds: [1, 2] }),
  integer: integer(1, 12),
  "integer around zero": integer(-5, 5),
  "integer of two": integer(0, 1),
  "integer with wider bounds": integer(4, 6, { bounds: [1, 20] }),
  "large integer": integer(1, 9_007_199_254_740_991),
  "log integer": integer(1, 1024, { log: true }),
  "log integer of few": integer(1, 4, { log: true }),
  "quantized uniform": quantized(uniform(0, 0.5), 0.05),
  "quantized around zero": quantized(uniform(-0.35, 0.35), 0.1),
  "quantized by thirds": quantized(uniform(0, 2), 1 / 3),
  "quantized by hundreds": quantized(uniform(50, 1050), 100),
  "quantized logUniform": quantized(logUniform(0.01, 1), 0.01),
  "quantized nearOne": quantized(nearOne(0.9, 0.995), 0.005),
  "quantized normal": quantized(normal(0, 2, { bounds: [-4, 4] }), 0.5),
};
const others = {
  choice: choice("sgd", "adam", 3, false),
  ordinal: ordinal(16, 32, 64, 128),
  constant: constant("gelu"),
  conditional: conditional("other", 1, uniform(0, 1)),
};
const kinds = Object.entries({ ...numbers, ...others }) as unknown as [string, Declared][];
const onGrid = Object.entries(numbers).filter(([, { numeric }]) => numeric.grid !== undefined);

describe.each(kinds)("%s", (name, declared) => {
  test("every value drawn, moved or brought back is admitted and keeps its type", () => {
    const random = randomStream("draws", name);
    const types = new Set(Array.from({ length: 100 }, () => typeof declared.sample(random)));
    const wrong = (value: unknown) =>
      !declared.admits(value) || declared.nearest(value) !== value || !types.has(typeof value);
    const results: unknown[] = [];
    let value = declared.sample(random);
    for (let draw = 0; draw < 5000; draw++) {
      const factor =
        random.uniform() < 0.5 ? random.pick([0.8, 1.2]) : 0.01 + 3 * random.uniform();
      const anywhere = (random.uniform() - 0.5) * 10 ** (random.integer(12) - 6);
      const sample = declared.sample(random);
      const moved = declared.perturb(value, factor);
      results.push(sample, moved);
      if (name in numbers) results.push(declared.nearest(anywhere));
      value = draw % 50 === 0 ? sample : moved;
    }
    expect(results.filter(wrong)).toEqual([]);
  });

  test("it admits nothing of another type, and NaN has no nearest", () => {
    for (const junk of [undefined, null, "1", {}, [], Number.NaN, 1n]) {
      expect(declared.admits(junk)).toBe(false);
    }
    if (name in numbers) {
      expect(declared.nearest(Number.NaN)).toBeUndefined();
      expect(declared.nearest("1")).toBeUndefined();
      expect(declared.admits(declared.nearest(Infinity))).toBe(true);
      expect(declared.admits(declared.nearest(-Infinity))).toBe(true);
    }
  });
});

describe("bounds", () => {
  test.each(Object.entries(numbers))(
    "every move and draw of %s lies within them",
    (name, declared) => {
      const { bounds, prior, grid } = declared.numeric;
      const [low, high] = bounds ?? [prior.low, prior.high];
      const random = randomStream("bounds", name);
      const isOutside = (value: number) =>
        value < low ||
        value > high ||
        (grid !== undefined && Math.abs(value / grid - Math.round(value / grid)) > 1e-9);
      const results = Array.from({ length: 5000 }, () => {
        const value = declared.sample(random);
        return [value, declared.perturb(value, 0.1 + 4 * random.uniform())];
      });
      expect(results.flat().filter(isOutside)).toEqual([]);
    },
  );

  test("wider bounds let moves leave the prior, which draws never do", () => {
    const declared = uniform(0.2, 0.3, { bounds: [0, 1] });
    const random = randomStream("wider");
    let value = 0.25;
    const visited = Array.from({ length: 2000 }, () => {
      value = declared.perturb(value, random.pick([0.8, 1.2]));
      return value;
    });
    expect(Math.min(...visited)).toBe(0);
    expect(Math.max(...visited)).toBe(1);
    const drawn = Array.from({ length: 2000 }, () => declared.sample(random));
    expect(drawn.filter((value) => value < 0.2 || value > 0.3)).toEqual([]);
  });

  test("a quantized kind never leaves bounds that are between two of its values", () => {
    const declared = quantized(uniform(0, 0.2999), 0.1);
    expect([0, 0.1, 0.2, 0.2999, 5].map(declared.nearest)).toEqual([0, 0.1, 0.2, 0.2, 0.2]);
  });
});

describe("moves on a grid", () => {
  test.each(onGrid)("a move of %s is at least one step, whatever the factor", (name, declared) => {
    const { grid } = declared.numeric;
    const random = randomStream("grid", name);
    const moves = Array.from({ length: 2000 }, () => {
      const value = declared.sample(random);
      return [0.8, 1.2, 0.999, 1.001].map((factor) => ({
        value,
        factor,
        moved: declared.perturb(value, factor),
      }));
    });
    const short = moves
      .flat()
      .filter(({ value, moved }) => Math.abs(moved - value) < grid! * 0.999);
    expect(short).toEqual([]);
  });

  // Wherever a walk starts, it comes to both ends; in a small range, to every value. Factors that
  // are each other's inverse, because 0.8 and 1.2 together are 0.96: on a log scale such a walk
  // drifts down, and comes to the top of a wide range only rarely.
  test.each([
    ["integer(1, 12)", integer(1, 12), 12],
    ["integer(-5, 5)", integer(-5, 5), 11],
    ["integer(0, 1)", integer(0, 1), 2],
    ["log integer(1, 10)", integer(1, 10, { log: true }), 10],
    ["quantized(uniform(0, 0.5), 0.05)", quantized(uniform(0, 0.5), 0.05), 11],
    ["quantized(uniform(-0.3, 0.3), 0.1)", quantized(uniform(-0.3, 0.3), 0.1), 7],
    ["integer(1, 100)", integer(1, 100), undefined],
    ["log integer(1, 100)", integer(1, 100, { log: true }), undefined],
  ])("random walks of %s from every start visit the whole range", (name, declared, values) => {
    const { low, high } = declared.numeric.prior;
    const grid = declared.numeric.grid!;
    for (let start = low; start <= high + 1e-9; start += grid) {
      const random = randomStream("walk", name, start);
      let value = declared.nearest(start)!;
      const visited = new Set<number>();
      for (let move = 0; move < 4000; move++) {
        value = declared.perturb(value, random.pick([0.8, 1.25]));
        visited.add(value);
      }
      if (values !== undefined) expect(visited.size).toBe(values);
      expect(visited).toContain(declared.nearest(-Infinity));
      expect(visited).toContain(declared.nearest(Infinity));
    }
  });

  test.each(onGrid)("a walk of %s with only one factor never stands still", (_, declared) => {
    for (const factor of [0.8, 1.2]) {
      let value = declared.sample(randomStream(factor));
      const path = Array.from({ length: 300 }, () => {
        value = declared.perturb(value, factor);
        return value;
      });
      expect(path.some((next, move) => next === path[move - 1])).toBe(false);
    }
  });
});

describe("moves of real numbers", () => {
  test("of a log parameter are exactly the factor, and stop at the bounds", () => {
    const declared = logUniform(1e-5, 1e-1);
    const random = randomStream("log");
    const moves = Array.from({ length: 2000 }, () => {
      const value = declared.sample(random);
      const factor = random.pick([0.5, 0.8, 1.2, 2]);
      return [declared.perturb(value, factor), Math.min(Math.max(value * factor, 1e-5), 1e-1)];
    });
    expect(moves.filter(([moved, expected]) => moved !== expected)).toEqual([]);
  });

  test("of a log integer are the factor, rounded", () => {
    const declared = integer(1, 1024, { log: true });
    expect([100, 1000, 10].map((value) => declared.perturb(value, 1.2))).toEqual([120, 1024, 12]);
    expect([100, 1000, 10].map((value) => declared.perturb(value, 0.8))).toEqual([80, 800, 8]);
  });

  test("of a number near one divide its distance to one", () => {
    const declared = nearOne(0.5, 0.9999);
    expect(declared.perturb(0.9, 2)).toBeCloseTo(0.95, 12);
    expect(declared.perturb(0.99, 0.5)).toBeCloseTo(0.98, 12);
    expect([declared.perturb(0.6, 0.5), declared.perturb(0.9998, 4)]).toEqual([0.5, 0.9999]);
  });

  test("of a linear parameter are the factor above a tenth of the range, a share below", () => {
    const declared = uniform(-10, 10);
    const moves = [5, 2, 1, 0, -1, -5].map((value) => [
      declared.perturb(value, 0.8),
      declared.perturb(value, 1.2),
    ]);
    const expected = [
      [4, 6],
      [1.6, 2.4],
      [0.6, 1.4],
      [-0.4, 0.4],
      [-0.6, -1.4],
      [-4, -6],
    ];
    for (const [index, pair] of expected.entries()) {
      for (const side of [0, 1]) expect(moves[index]![side]).toBeCloseTo(pair[side]!, 12);
    }
  });

  test("leave zero and come back from it", () => {
    for (const declared of [
      uniform(0, 0.5),
      uniform(-1, 1),
      normal(0, 1, { bounds: [0, 4] }),
      integer(0, 9),
    ]) {
      const random = randomStream("zero");
      let value = 0;
      let awayFromZero = 0;
      for (let move = 0; move < 500; move++) {
        value = declared.perturb(value, random.pick([0.8, 1.2]));
        if (value !== 0) awayFromZero++;
      }
      expect(awayFromZero).toBeGreaterThan(250);
    }
  });

  test("of a normal parameter are at least the share of one standard deviation", () => {
    const declared = normal(0, 2, { bounds: [-100, 100] });
    expect(declared.perturb(0, 1.2)).toBeCloseTo(0.4, 12);
    expect(declared.perturb(1, 1.2)).toBeCloseTo(1.4, 12);
    expect(declared.perturb(50, 1.2)).toBeCloseTo(60, 12);
  });
});

describe("the order", () => {
  test.each(Object.entries(numbers))("of %s is its place on its scale", (name, declared) => {
    const { bounds, prior } = declared.numeric;
    const random = randomStream("order", name);
    const values = [...(bounds ?? [prior.low, prior.high]), declared.sample(random)];
    const [low, high, drawn] = values.map((value) => declared.order!(value)) as number[];
    expect([low, high]).toEqual([0, 1]);
    expect(drawn).toBeGreaterThanOrEqual(0);
    expect(drawn).toBeLessThanOrEqual(1);
  });

  test("has equal steps on a scale, and between the options of an ordinal", () => {
    const thirds = (declared: Declared<number>, values: readonly number[]) => {
      for (const [index, value] of values.entries())
        expect(declared.order!(value)).toBeCloseTo(index / 3, 9);
    };
    thirds(logUniform(1e-4, 1e-1), [1e-4, 1e-3, 1e-2, 1e-1]);
    thirds(nearOne(0.9, 0.9999), [0.9, 0.99, 0.999, 0.9999]);
    thirds(uniform(-1, 2), [-1, 0, 1, 2]);
    thirds(ordinal(1, 4, 9, 16), [1, 4, 9, 16]);
    expect(choice("a", "b").order).toBeUndefined();
  });

  test("has a span where a factor multiplies", () => {
    expect(logUniform(1e-4, 1e-1).span).toBeCloseTo(1000, 6);
    expect(logUniform(1e-4, 1e-1, { bounds: [1e-5, 1] }).span).toBeCloseTo(1e5, 4);
    expect(nearOne(0.9, 0.9999).span).toBeCloseTo(1000, 6);
    expect(uniform(1, 10).span).toBeUndefined();
  });
});

describe("kinds without a scale", () => {
  test("an ordinal moves to a neighbour and turns around at its ends", () => {
    const declared = ordinal("xs", "s", "m", "l");
    const sizes = ["xs", "s", "m", "l"] as const;
    expect(sizes.map((size) => declared.perturb(size, 1.2))).toEqual(["s", "m", "l", "m"]);
    expect(sizes.map((size) => declared.perturb(size, 0.8))).toEqual(["s", "xs", "s", "m"]);
    expect(ordinal("only").perturb("only", 1.2)).toBe("only");
  });

  test("a choice and a constant never shift, but a choice is drawn", () => {
    for (const declared of [choice("a", "b", "c"), constant(7)]) {
      for (const factor of [0.1, 0.8, 1.2, 9]) {
        const value = declared.sample(randomStream(factor)) as never;
        expect(declared.perturb(value, factor)).toBe(value);
      }
    }
    const space = searchSpace({ option: choice("a", "b", "c") });
    const seen = (resampleProbability: number) =>
      new Set(
        Array.from({ length: 100 }, (_, seed) => {
          const explore = perturb({ resampleProbability });
          return explore({ option: "a" }, space, randomStream(seed), { step: 1 }).option;
        }),
      );
    expect(seen(0)).toEqual(new Set(["a"]));
    expect(seen(1)).toEqual(new Set(["a", "b", "c"]));
  });

  test("only what was declared is admitted", () => {
    expect([
      choice("a", 1).nearest("b"),
      choice("a", 1).nearest("1"),
      ordinal(1, 2).nearest(3),
    ]).toEqual([undefined, undefined, undefined]);
  });
});
