import { expect, test } from "vitest";
import { changes, number, stepsOfModel } from "./words.ts";

test("a number has four significant digits, or as many as show that it is not 1", () => {
  const shown = [0.92651, 0.9991, 0.99992, 0.9999999, -0.99996, 1, 1.00004, 0.012345];
  expect(shown.map(number)).toEqual([
    ...["0.9265", "0.9991", "0.99992", "0.9999999", "-0.99996", "1", "1", "0.01235"],
  ]);
  expect(changes({ discount: 0.99992 }, { discount: 0.99996 })).toBe(
    "discount 0.99992 to 0.99996",
  );
});

test("a model with more steps than a member's budget says how", () => {
  const best = { step: 60, memberSteps: 40 };
  expect(stepsOfModel(best, { stepsPerMember: 60 })).toBe("60");
  expect(stepsOfModel(best, { stepsPerModel: 60 })).toBe("60");
  expect(stepsOfModel(best, { stepsPerMember: 40 })).toBe(
    "60 (along its lineage; its member has done 40, which is what stepsPerMember counts)",
  );
});
