import { expect, test } from "vitest";
import type { Decision } from "../algorithm/population-based-training.ts";
import type { SnapshotId, TreeSnapshot } from "../algorithm/snapshot.ts";
import { groupsOf } from "../experiment/groups.ts";
import { nameOf, whatWasCopied } from "./what-was-copied.ts";

const decision = { donor: "7.3" as SnapshotId, weights: true, hyperparameters: true } as Decision;
const after = (donor: string) => ({ donor }) as TreeSnapshot;
const none = () => undefined;

test("a copy says whose weights and whose hyperparameters it took", () => {
  const words = (given: Partial<Decision>, next?: TreeSnapshot) =>
    whatWasCopied({ ...decision, ...given }, next, none);
  expect(words({})).toBe("member 7");
  expect(words({}, after("7.3"))).toBe("member 7");
  expect(words({ hyperparameters: false }, after("7.3"))).toBe("the weights of member 7");
  expect(words({ weights: false }, after("7.3"))).toBe("the hyperparameters of member 7");
  expect(words({}, after("2.5"))).toBe(
    "the weights of member 7 and the hyperparameters of member 2",
  );
});

// [exploit, its options, members, the groups of the first and of the last]
test.each([
  ["twoSpeeds", {}, 24, "fast", "patient"],
  ["twoSpeeds", {}, 4, "fast", "fast"],
  ["ladder", {}, 24, "rung 1 of 4", "rung 4 of 4"],
  ["ladder", { intervals: [1, 5] }, 8, "rung 1 of 2", "rung 2 of 2"],
  ["lead", {}, 8, undefined, undefined],
  ["myOwn", {}, 8, undefined, undefined],
  ["ladder", { intervals: 5 }, 8, undefined, undefined],
] as const)("%s with %o among %i has groups from %s to %s", (name, options, size, first, last) => {
  const groupOf = groupsOf({
    population: size,
    exploit: { name, options },
    ready: { name: "everySteps", options: { steps: 10 } },
    budget: { stepsPerMember: 500 },
  } as never);
  expect([groupOf(0), groupOf(size - 1)]).toEqual([first, last]);
  expect(nameOf(0, groupOf)).toBe(first === undefined ? "member 0" : `member 0 (${first})`);
});
