import {
  choice,
  conditional,
  constant,
  type Explore,
  integer,
  ordinal,
  perturb,
  randomStream,
  resample,
  uniform,
} from "clade";
import { describe, expect, test } from "vitest";
import { searchSpace } from "../experiment/search-space/search-space.ts";
import { population, strategies, strong, weak } from "./population-based-training.test-support.ts";
import { decide, rescue } from "./population-based-training.ts";
import { populationWith, trained } from "./population-of.test-support.ts";
import type { Hyperparameters } from "./snapshot.ts";

describe("a rescue", () => {
  const members = Array.from({ length: 12 }, (_, member) => trained(member, { score: member }));
  const dead = trained(3, {
    kind: "initial",
    generation: 0,
    step: 0,
    memberSteps: 0,
    score: undefined as never,
  });

  test("takes weights and hyperparameters of a random one of the best fifth, and says why", () => {
    const others = populationWith(members);
    const donors = new Set<string>();
    for (let seed = 0; seed < 100; seed++) {
      const { decision, next } = rescue(strategies(), members[3]!, others, randomStream(seed), {
        why: "2 failures",
      })!;
      expect(decision.reason.text).toBe("rescued: 2 failures");
      expect(next).toMatchObject({ kind: "copied", member: 3, parent: next!.donor });
      donors.add(next!.donor!);
    }
    // A fifth of the 11 others, rounded up.
    expect([...donors].sort()).toEqual(["10.4", "11.4", "9.4"]);
  });

  test("comes only from other members that have a score and a checkpoint", () => {
    const { checkpoint, ...unsaved } = trained(5, { score: 99 });
    const { score, ...unscored } = trained(6);
    const own = trained(3, { score: 50 });
    const others = populationWith([unsaved, unscored, own, trained(7, { score: 1 })]);
    expect(rescue(strategies(), dead, others, randomStream(1), { why: "" })!.next!.donor).toBe(
      "7.4",
    );
    expect(
      rescue(strategies(), own, populationWith([own, unsaved, unscored]), randomStream(1), {
        why: "",
      }),
    ).toBeUndefined();
  });

  test("leaves the donor as it is, though the user's explore writes to what it is given", () => {
    const explore: Explore = (values) => Object.assign(values, { rate: 5 });
    const before = structuredClone(strong);
    const { next } = rescue(strategies({ explore }), weak, population, randomStream(1), {
      why: "",
    })!;
    expect(next!.hyperparameters.rate).toBe(5);
    expect(strong).toEqual(before);
  });

  test("explores, so that the two do not train the same", () => {
    const explore = perturb({ factors: [2], resampleProbability: 0 });
    const { next } = rescue(strategies({ explore }), weak, population, randomStream(1), {
      why: "",
    })!;
    expect(next!.hyperparameters.rate).toBe(8);
  });

  test("never draws what has failed, nor beyond it, and keeps what the donor trains with", () => {
    const many = searchSpace({
      rate: uniform(0, 10),
      batch: ordinal("small", "medium", "large", "huge"),
      layers: integer(1, 9),
      optimizer: choice("sgd", "adam", "lion"),
      kind: constant("gelu"),
    });
    const failed = trained(0, {
      hyperparameters: { rate: 1, batch: "large", layers: 5, optimizer: "lion", kind: "gelu" },
    });
    const donor = trained(1, {
      score: 9,
      hyperparameters: { rate: 4, batch: "medium", layers: 5, optimizer: "adam", kind: "gelu" },
    });
    const drawn = {
      batch: new Set<unknown>(),
      optimizer: new Set<unknown>(),
      layers: new Set<unknown>(),
    };
    for (let seed = 0; seed < 500; seed++) {
      const given = strategies({ space: many, explore: resample() });
      const rescued = () =>
        rescue(given, failed, populationWith([failed, donor]), randomStream(seed), { why: "" })!;
      const { hyperparameters } = rescued().next!;
      expect(rescued().next!.hyperparameters).toEqual(hyperparameters);
      expect(hyperparameters.rate).toBeGreaterThan(1);
      drawn.batch.add(hyperparameters.batch);
      drawn.optimizer.add(hyperparameters.optimizer);
      drawn.layers.add(hyperparameters.layers);
    }
    expect([...drawn.batch].sort()).toEqual(["medium", "small"]);
    expect([...drawn.optimizer].sort()).toEqual(["adam", "sgd"]);
    // Both have 5 layers, so these are not what failed.
    expect(drawn.layers.size).toBe(9);
  });

  test("after one in vain takes the donor's hyperparameters as they are", () => {
    const given = strategies({ explore: resample() });
    const { next } = rescue(given, weak, population, randomStream(1), {
      why: "",
      explores: false,
    })!;
    expect(next!.hyperparameters).toEqual(strong.hyperparameters);
  });

  test("takes the donor's value where no draw comes out on its side", () => {
    const explore = () => ({ rate: 0.5 });
    const { next } = rescue(strategies({ explore }), weak, population, randomStream(1), {
      why: "",
    })!;
    expect(next!.hyperparameters.rate).toBe(4);
  });
});

describe("what has always failed", () => {
  const many = searchSpace({ rate: uniform(0, 10), batch: choice(16, 32, 64, 128, 256) });
  const member = trained(0, { score: 9, hyperparameters: { rate: 5, batch: 32 } });
  const other = trained(1, { score: 1, hyperparameters: { rate: 8, batch: 16 } });
  const failed = [{ rate: 7, batch: 128 }];
  const given = strategies({ space: many, explore: resample(), exploreEvery: "generation" });
  const drawn = (failed: readonly Hyperparameters[]) =>
    Array.from({ length: 300 }, (_, seed) => {
      const { next } = decide(given, member, populationWith([member, other]), randomStream(seed), {
        failed,
      });
      return next!.hyperparameters;
    });

  test("is not explored again, nor what lies beyond it", () => {
    expect([...new Set(drawn(failed).map(({ batch }) => batch))].sort()).toEqual([16, 32, 64]);
    expect(new Set(drawn([]).map(({ batch }) => batch)).size).toBe(5);
  });

  test("is not drawn where a hyperparameter applies only now", () => {
    const some = searchSpace({
      optimizer: choice("sgd", "adam"),
      momentum: conditional("optimizer", "sgd", choice("none", "nesterov", "heavy")),
    });
    const adam = trained(0, { score: 9, hyperparameters: { optimizer: "adam" } });
    const sgd = trained(1, { score: 1, hyperparameters: { optimizer: "sgd", momentum: "none" } });
    const toSgd = strategies({ space: some, explore: perturb(), exploreEvery: "generation" });
    for (let seed = 0; seed < 100; seed++) {
      const failing = [{ optimizer: "sgd", momentum: "heavy" }];
      const { next } = decide(toSgd, adam, populationWith([adam, sgd]), randomStream(seed), {
        failed: failing,
      });
      expect(next!.hyperparameters.momentum).not.toBe("heavy");
    }
  });

  test("is not what another member trains with, or with more", () => {
    expect(Math.max(...drawn(failed).map(({ rate }) => rate as number))).toBeGreaterThan(9);
  });
});
