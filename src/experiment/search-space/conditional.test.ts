import {
  choice,
  conditional,
  constant,
  type Hyperparameters,
  logUniform,
  ordinal,
  perturb,
  randomStream,
  uniform,
} from "clade";
import { describe, expect, test } from "vitest";
import { searchSpace } from "./search-space.ts";

describe("a space with conditions", () => {
  // Declared in an order in which conditions cannot be decided.
  const space = searchSpace({
    nesterov: conditional("momentum", [0.5, 0.9], choice(true, false)),
    momentum: conditional("optimizer", "sgd", ordinal(0, 0.5, 0.9)),
    beta: conditional("optimizer", ["adam", "lamb"], uniform(0.8, 1)),
    optimizer: choice("sgd", "adam", "lamb"),
    rate: logUniform(1e-4, 1e-1),
  });
  const names = (values: Hyperparameters) => Object.keys(values).sort();
  const belongs = (values: Hyperparameters) => {
    const expected = ["optimizer", "rate"];
    if (values.optimizer === "sgd") expected.push("momentum");
    else expected.push("beta");
    if (values.momentum === 0.5 || values.momentum === 0.9) expected.push("nesterov");
    return expected.sort();
  };

  test("each comes after the one it depends on", () => {
    for (const [first, second] of [
      ["optimizer", "momentum"],
      ["momentum", "nesterov"],
      ["optimizer", "beta"],
    ]) {
      expect(space.names.indexOf(first!)).toBeLessThan(space.names.indexOf(second!));
    }
  });

  test("a draw has exactly the hyperparameters whose conditions hold", () => {
    for (let seed = 0; seed < 500; seed++) {
      const values = space.sample(randomStream(seed));
      expect(names(values)).toEqual(belongs(values));
    }
  });

  test("a conditional hyperparameter comes and goes with its parent, nested ones with it", () => {
    const settle = (values: Hyperparameters) => space.settle(values, randomStream("settle"));
    const full = { optimizer: "sgd", momentum: 0.9, nesterov: true, rate: 0.01 };
    expect(settle(full)).toEqual(full);
    expect(names(settle({ ...full, momentum: 0 }))).toEqual(["momentum", "optimizer", "rate"]);
    expect(names(settle({ ...full, optimizer: "adam" }))).toEqual(["beta", "optimizer", "rate"]);
    const back = settle({ optimizer: "sgd", beta: 0.9, rate: 0.01 });
    expect(names(back)).toEqual(belongs(back));
    expect([0, 0.5, 0.9]).toContain(back.momentum);
  });

  test("after many moves exactly the hyperparameters whose conditions hold are there", () => {
    const random = randomStream("long");
    const explore = perturb();
    let values = space.sample(random);
    const seen = new Set<string>();
    for (let move = 0; move < 2000; move++) {
      values = space.settle(explore(values, space, random, { step: 1 }), random);
      expect(names(values)).toEqual(belongs(values));
      for (const [name, value] of Object.entries(values)) {
        expect(space.hyperparameter(name).admits(value)).toBe(true);
      }
      seen.add(names(values).join());
    }
    expect(seen.size).toBe(3);
  });

  test("the draw of one hyperparameter does not depend on the conditions of another", () => {
    const rates = (optimizer: "sgd" | "adam") =>
      searchSpace({
        optimizer: constant(optimizer),
        momentum: conditional("optimizer", "sgd", uniform(0, 1)),
        rate: logUniform(1e-4, 1e-1),
      }).sample(randomStream(1)).rate;
    expect(rates("sgd")).toBe(rates("adam"));
  });

  test("settling brings values into their bounds and refuses one that has no nearest", () => {
    const settled = space.settle({ optimizer: "adam", beta: 7, rate: -1 }, randomStream(1));
    expect(settled).toEqual({ optimizer: "adam", beta: 1, rate: 1e-4 });
    expect(() =>
      space.settle({ optimizer: "adam", beta: 0.9, rate: Number.NaN }, randomStream(1)),
    ).toThrow("hyperparameters.rate: NaN - is outside logUniform(0.0001, 0.1)");
  });
});
