import {
  choice,
  conditional,
  copy,
  type Exploit,
  type Explore,
  integer,
  keep,
  noExploit,
  perturb,
  randomStream,
  restart,
  stop,
  truncationSelection,
  uniform,
} from "clade";
import { describe, expect, test } from "vitest";
import { searchSpace } from "../experiment/search-space/search-space.ts";
import { population, strategies, strong, weak } from "./population-based-training.test-support.ts";
import { decide, initialSnapshots, type Strategies } from "./population-based-training.ts";
import { populationWith, trained } from "./population-of.test-support.ts";
import type { CheckpointId } from "./snapshot.ts";

const decided = (given: Partial<Strategies>, member = weak, seed = 1) =>
  decide(strategies(given), member, population, randomStream(seed));

describe("a copy", () => {
  test("of both takes the donor's weights, step, score and hyperparameters, and no more", () => {
    const { decision, next } = decided({});
    expect(next).toEqual({
      id: "0.5",
      member: 0,
      kind: "copied",
      parent: "1.4",
      donor: "1.4",
      generation: 2,
      step: 70,
      memberSteps: 20,
      hyperparameters: { rate: 4 },
      checkpoint: "checkpoint-1",
      score: 9,
      samples: [9],
      metrics: { loss: 1 },
    });
    expect(decision).toEqual({
      snapshot: "0.4",
      member: 0,
      generation: 2,
      kind: "copy",
      donor: "1.4",
      weights: true,
      hyperparameters: true,
      reason: { text: "rank 2 of 2 is in the bottom 1", numbers: { rank: 2, of: 2, bottom: 1 } },
    });
  });

  test("records the finite numbers of its reason only, since a store keeps no others", () => {
    const numbers = { t: Number.POSITIVE_INFINITY, p: 0, share: Number.NaN };
    const { decision } = decided({ exploit: () => keep("constant samples", numbers) });
    expect(decision.reason).toEqual({ text: "constant samples", numbers: { p: 0 } });
  });

  test("of weights keeps the recipient's hyperparameters", () => {
    const { decision, next } = decided({ exploit: truncationSelection({ copy: "weights" }) });
    expect(next).toMatchObject({
      parent: "1.4",
      donor: "1.4",
      step: 70,
      score: 9,
      checkpoint: "checkpoint-1",
    });
    expect(next!.hyperparameters).toEqual({ rate: 1 });
    expect(decision).toMatchObject({ kind: "copy", weights: true, hyperparameters: false });
  });

  test("of hyperparameters keeps the recipient's weights, lineage, step and score", () => {
    const { decision, next } = decided({
      exploit: truncationSelection({ copy: "hyperparameters" }),
    });
    expect(next).toMatchObject({
      parent: "0.4",
      donor: "1.4",
      step: 20,
      score: 1,
      checkpoint: "checkpoint-0",
    });
    expect(next!.hyperparameters).toEqual({ rate: 4 });
    expect(decision).toMatchObject({
      kind: "copy",
      donor: "1.4",
      weights: false,
      hyperparameters: true,
    });
  });

  test("explores from what it copied, a copy of weights from the recipient's own", () => {
    const explore = perturb({ factors: [2], resampleProbability: 0 });
    expect(decided({ explore }).next!.hyperparameters.rate).toBe(8);
    const own = decided({ explore, exploit: truncationSelection({ copy: "weights" }) });
    expect(own.next!.hyperparameters.rate).toBe(2);
  });

  test("may take the weights of one donor and the hyperparameters of another", () => {
    const third = trained(2, { score: 5, step: 30, hyperparameters: { rate: 7 } });
    const exploit: Exploit = () => ({
      ...copy(strong, "both", "the best weights"),
      hyperparametersFrom: third,
    });
    const explore = perturb({ factors: [0.5], resampleProbability: 0 });
    const { decision, next } = decided({ exploit, explore });
    expect(next).toMatchObject({
      parent: "1.4",
      donor: "2.4",
      step: 70,
      checkpoint: "checkpoint-1",
      hyperparameters: { rate: 3.5 },
    });
    expect(decision).toMatchObject({ donor: "1.4", weights: true, hyperparameters: true });
  });

  test("goes on as it is where the exploit says so", () => {
    const exploit: Exploit = () => ({ ...copy(strong, "both", "as it is"), explores: false });
    const explore = perturb({ factors: [2], resampleProbability: 0 });
    expect(decided({ exploit, explore }).next!.hyperparameters.rate).toBe(4);
    const always = decided({ exploit, explore, exploreEvery: "generation" });
    expect(always.next!.hyperparameters.rate).toBe(4);
  });

  test("of hyperparameters only names whose they are", () => {
    const third = trained(2, { hyperparameters: { rate: 7 } });
    const exploit: Exploit = () => ({
      ...copy(strong, "hyperparameters", "why"),
      hyperparametersFrom: third,
    });
    const { decision, next } = decided({ exploit });
    expect([decision.donor, next!.donor, next!.parent]).toEqual(["2.4", "2.4", "0.4"]);
    expect(next!.hyperparameters).toEqual({ rate: 7 });
  });

  test.each([
    [undefined, "undefined"],
    [null, "null"],
    [[0.5], "[0.5]"],
    [Promise.resolve({ rate: 1 }), "a Promise"],
    [{ hyperparameters: undefined, remark: "x" }, '{ hyperparameters: undefined, remark: "x" }'],
    [
      { hyperparameters: { rate: 1 }, remark: null },
      "{ hyperparameters: { rate: 1 }, remark: null }",
    ],
  ])("refuses an explore that returns %o", (returned, shown) => {
    const explore = (() => returned) as unknown as Explore;
    expect(() => decided({ explore })).toThrow(
      `explore: ${shown} - is what it returned, but hyperparameters must be an object; return`,
    );
  });

  test.each<[unknown, string]>([
    [undefined, "undefined - is what it returned, but its kind must be one of keep, copy, stop"],
    [{ kind: "cpy" }, '{ kind: "cpy" } - is what it returned, but its kind must be one of keep,'],
    [{ kind: "keep" }, "is what it returned, but its reason must have a text and numbers"],
    [{ kind: "keep", reason: { text: "", numbers: null } }, "must have a text and numbers"],
    [{ ...copy(strong, "both", "why"), donor: 3 }, "but its donor must be a snapshot"],
    [{ ...copy(strong, "both", "why"), donor: { id: "0/0" } }, "its donor must be a snapshot"],
    [
      { kind: "copy", donor: strong, reason: { text: "why", numbers: {} } },
      "but weights or hyperparameters must be true, or nothing is copied",
    ],
  ])("refuses an exploit that returns %o, by its name", (returned, message) => {
    const pickFavourite = (() => returned) as unknown as Exploit;
    expect(() => decided({ exploit: pickFavourite })).toThrow(/^exploit pickFavourite: /);
    expect(() => decided({ exploit: pickFavourite })).toThrow(message);
  });

  test("names the explore whose value belongs to no space", () => {
    const doubled: Explore = () => ({ rate: Number.NaN });
    expect(() => decided({ explore: doubled })).toThrow(
      "explore doubled.hyperparameters.rate: NaN - is outside uniform(0, 10)",
    );
  });

  test("shows its situation to the explore, whose remark is added to the reason", () => {
    const explore: Explore = ({ rate }, _space, _random, { step, weights, member, ...rest }) => ({
      hyperparameters: { rate: (rate as number) + 1 },
      remark: `after ${step} steps of ${weights?.id}, of ${rest.population.size}: ${member.id}`,
    });
    const { decision, next } = decided({ explore });
    expect(next!.hyperparameters).toEqual({ rate: 5 });
    expect(decision.reason.text).toBe(
      "rank 2 of 2 is in the bottom 1; after 70 steps of 1.4, of 2: 0.4",
    );
  });

  test("leaves every snapshot as it was", () => {
    const before = structuredClone([weak, strong]);
    decided({ explore: perturb() });
    expect([weak, strong]).toEqual(before);
  });

  test("of a member without a score gives it a score to go on with", () => {
    const { score, ...unscored } = weak;
    const others = populationWith([unscored, strong]);
    const { next } = decide(strategies(), unscored, others, randomStream(1));
    expect(next).toMatchObject({ kind: "copied", parent: "1.4", score: 9 });
  });
});

describe("a member that keeps", () => {
  test("has no new snapshot, only a decision with its reason", () => {
    const { decision, next } = decided({}, strong);
    expect(next).toBeUndefined();
    expect(decision).toMatchObject({ kind: "keep", weights: false, hyperparameters: false });
    expect(decision).not.toHaveProperty("donor");
  });

  test("explores all the same when every generation explores, and stays its own parent", () => {
    const explore = perturb({ factors: [2], resampleProbability: 0 });
    const { decision, next } = decided(
      { explore, exploreEvery: "generation", exploit: noExploit() },
      strong,
    );
    expect(next).toEqual({
      ...strong,
      id: "1.5",
      kind: "explored",
      parent: "1.4",
      hyperparameters: { rate: 8 },
    });
    expect(decision.kind).toBe("keep");
  });
});

describe("during burn-in", () => {
  test.each([
    [19, "copy"],
    [20, "copy"],
    [21, "keep"],
  ])("of %i steps a lineage of 20 steps decides: %s", (burnInSteps, kind) => {
    expect(decided({ burnInSteps }).decision.kind).toBe(kind);
  });

  test("no member explores, even when every generation explores, and exploit is not asked", () => {
    const exploit: Exploit = () => {
      throw new Error("asked");
    };
    const { decision, next } = decided({
      burnInSteps: 100,
      exploreEvery: "generation",
      exploit,
      explore: perturb(),
    });
    expect(next).toBeUndefined();
    expect(decision.reason.text).toBe("burn-in: step 20 of 100");
  });
});

describe("a user's own strategies", () => {
  test("decide as they say, and what they explore is settled in the space", () => {
    const exploit: Exploit = (member, others) =>
      member.member === 0 ? copy(others.ranked[0]!, "weights", "because") : keep("fine");
    const explore: Explore = () => ({ rate: 1000, unknown: 1 });
    const { decision, next } = decided({ exploit, explore });
    expect(decision.reason).toEqual({ text: "because", numbers: {} });
    expect(next!.hyperparameters).toEqual({ rate: 10 });
    expect(decided({ exploit, explore }, strong).decision.reason.text).toBe("fine");
  });

  test("that explore to NaN are refused with the name of the hyperparameter", () => {
    expect(() => decided({ explore: () => ({ rate: Number.NaN }) })).toThrow(
      "hyperparameters.rate: NaN",
    );
  });
});

describe("the roots of a run", () => {
  const wide = searchSpace({
    rate: uniform(0, 1),
    layers: integer(1, 9),
    optimizer: choice("sgd", "adam"),
    momentum: conditional("optimizer", "sgd", uniform(0, 1)),
  });

  test("follow from the seed, and the first members do not depend on how many there are", () => {
    const ten = initialSnapshots(wide, 10, 7, []);
    expect(initialSnapshots(wide, 10, 7, [])).toEqual(ten);
    expect(initialSnapshots(wide, 4, 7, [])).toEqual(ten.slice(0, 4));
    expect(initialSnapshots(wide, 10, 8, [])).not.toEqual(ten);
    expect(new Set(ten.map(({ hyperparameters }) => hyperparameters.rate)).size).toBe(10);
    expect(ten[3]).toMatchObject({
      id: "3.0",
      member: 3,
      kind: "initial",
      generation: 0,
      step: 0,
      memberSteps: 0,
    });
    for (const absent of ["parent", "checkpoint", "score"])
      expect(ten[3]).not.toHaveProperty(absent);
  });

  test("take the given values for the first members and leave all other draws alone", () => {
    const drawn = initialSnapshots(wide, 3, 7, []);
    const given = initialSnapshots(wide, 3, 7, [
      { rate: 0.5 },
      { layers: 2, optimizer: "sgd", momentum: 0.9 },
    ]);
    expect(given[0]!.hyperparameters).toEqual({ ...drawn[0]!.hyperparameters, rate: 0.5 });
    expect(given[1]!.hyperparameters).toEqual({
      rate: drawn[1]!.hyperparameters.rate,
      layers: 2,
      optimizer: "sgd",
      momentum: 0.9,
    });
    expect(given[2]).toEqual(drawn[2]);
  });

  test("have a conditional value exactly where a given parent asks for it", () => {
    const parents = ["sgd", "adam", "sgd", "adam"];
    const roots = initialSnapshots(
      wide,
      4,
      7,
      parents.map((optimizer) => ({ optimizer, momentum: 0.5 })),
    );
    expect(roots.map(({ hyperparameters }) => hyperparameters.momentum)).toEqual([
      0.5,
      undefined,
      0.5,
      undefined,
    ]);
    const drawn = initialSnapshots(
      wide,
      4,
      7,
      parents.map((optimizer) => ({ optimizer })),
    );
    expect(drawn.map(({ hyperparameters }) => typeof hyperparameters.momentum)).toEqual([
      "number",
      "undefined",
      "number",
      "undefined",
    ]);
  });
});

test("the same snapshots and the same stream give the same decision on any worker", () => {
  const members = Array.from({ length: 10 }, (_, member) =>
    trained(member, {
      score: member % 4,
      checkpoint: `c${member}` as CheckpointId,
      hyperparameters: { rate: member },
    }),
  );
  const decideAll = (order: typeof members) =>
    members.map((member) =>
      decide(
        strategies({ explore: perturb(), exploreEvery: "generation" }),
        member,
        populationWith(order),
        randomStream(5, "decide", member.member, member.generation),
      ),
    );
  expect(decideAll(members.toReversed())).toEqual(decideAll(members));
});

describe("other ends of a generation", () => {
  test("a member that stops has a decision with its reason and no next snapshot", () => {
    const { decision, next } = decided({ exploit: () => stop("hopeless", { rank: 9 }) });
    expect(decision).toMatchObject({ kind: "stop", weights: false, hyperparameters: false });
    expect(decision.reason).toEqual({ text: "hopeless", numbers: { rank: 9 } });
    expect(next).toBeUndefined();
  });

  test("a restart has fresh weights and explores from the donor's hyperparameters", () => {
    const explore: Explore = ({ rate }, _space, _random, { step }) => ({
      rate: Number(rate) + 1 + step,
    });
    const { decision, next } = decided({ exploit: () => restart(strong, "next"), explore });
    expect(decision).toMatchObject({
      kind: "restart",
      donor: "1.4",
      weights: false,
      hyperparameters: true,
    });
    expect(next).toEqual({
      id: "0.5",
      member: 0,
      kind: "restarted",
      donor: "1.4",
      generation: 2,
      step: 0,
      memberSteps: 20,
      hyperparameters: { rate: 5 },
      metrics: {},
    });
  });
});
