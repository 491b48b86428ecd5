import { randomStream } from "clade";
import { expect, test } from "vitest";
import { type Direction, isBetter, RankedPopulation } from "./population.ts";
import { trained } from "./population-of.test-support.ts";
import { type Snapshot, snapshotId } from "./snapshot.ts";

const facts = { size: 9, generations: undefined };

/** What a ranked population must be, by sorting. */
function model(newest: Iterable<Snapshot>, direction: Direction): Snapshot[] {
  const sign = direction === "maximize" ? 1 : -1;
  const key = ({ score }: Snapshot) => (score === undefined ? -Infinity : sign * score);
  return [...newest]
    .filter(({ generation }) => generation > 0)
    .toSorted((a, b) => (key(a) === key(b) ? a.member - b.member : key(b) - key(a)));
}

test.each(["maximize", "minimize"] as const)(
  "it is what sorting would give, after every one of thousands of updates (%s)",
  (direction) => {
    const random = randomStream("population", direction);
    const population = new RankedPopulation({ direction, ...facts });
    const newest = new Map<number, Snapshot>();
    const seen: Snapshot[] = [];
    for (let update = 0; update < 4000; update++) {
      const member = random.integer(60);
      const unscored = trained(member, {
        id: snapshotId(member, update),
        kind: random.pick(["trained", "trained", "copied", "explored"] as const),
        generation: random.uniform() < 0.05 ? 0 : 1 + random.integer(5),
        memberSteps: random.integer(100),
      });
      // Ten different scores, so that ties are many; a fifth have none.
      const snapshot =
        random.uniform() < 0.2 ? unscored : { ...unscored, score: random.integer(10) - 5 };
      population.update(snapshot);
      // A copy carries its donor's score, and new hyperparameters none of their own: they take
      // part once they have been trained.
      if (snapshot.kind !== "trained") continue;
      newest.set(member, snapshot);
      seen.push(snapshot);

      const expected = model(newest.values(), direction);
      expect(population.ranked).toEqual(expected);
      expect(population.scored).toBe(expected.filter((other) => other.score !== undefined).length);
      const probe = random.integer(12) - 6;
      const scored = expected.slice(0, population.scored);
      expect(population.standing(probe)).toEqual({
        better: scored.filter((other) => isBetter(direction, other.score, probe)).length,
        equal: scored.filter((other) => other.score === probe).length,
      });
      expect(population.totalSteps).toBe(
        [...newest.values()].reduce((sum, other) => sum + other.memberSteps, 0),
      );
    }
    const eligible = seen.filter(
      (other) => other.kind === "trained" && other.generation > 0 && other.score !== undefined,
    );
    const top = eligible.filter(
      (other) => !eligible.some(({ score }) => isBetter(direction, score, other.score)),
    );
    const first = top.toSorted((a, b) => a.memberSteps - b.memberSteps || a.member - b.member)[0]!;
    expect(population.best).toMatchObject({
      score: first.score,
      memberSteps: first.memberSteps,
      member: first.member,
    });
  },
);

test("the best is of all snapshots that were ever trained, not only of the present ones", () => {
  const population = new RankedPopulation({ direction: "maximize", ...facts });
  population.update(trained(0, { score: 3 }));
  population.update(trained(0, { score: 1 }));
  expect(population.best).toMatchObject({ member: 0, score: 3 });
  expect(population.ranked).toMatchObject([{ score: 1 }]);
});

test("a copy does not take part until it has a score of its own", () => {
  const population = new RankedPopulation({ direction: "maximize", ...facts });
  population.update(trained(0, { score: 5 }));
  population.update(trained(1, { score: 1 }));
  population.update(trained(1, { score: 5, kind: "copied" }));
  expect(population.ranked.map(({ score }) => score)).toEqual([5, 1]);
  population.update(trained(1, { score: 6, kind: "evaluated" }));
  expect(population.ranked.map(({ member }) => member)).toEqual([1, 0]);
  expect(population.best).toMatchObject({ member: 0 });
});

test("members that have not been evaluated yet do not take part", () => {
  const population = new RankedPopulation({ direction: "maximize", ...facts });
  population.update(trained(0, { kind: "initial", generation: 0, memberSteps: 0 }));
  expect(population.ranked).toEqual([]);
  population.update(trained(0, { score: 1 }));
  expect(population.ranked).toHaveLength(1);
});
