import {
  BadInputError,
  defineExperiment,
  type Experiment,
  type ExperimentDeclaration,
  perturb,
  truncationSelection,
} from "clade";
import { describe, expect, test } from "vitest";
import { asRecorded } from "./as-recorded.ts";
import { valid } from "./declaration.test-support.ts";
import { describeExperiment } from "./experiment.ts";
import { withSettings } from "./settings.ts";

/** An experiment that names no strategy. */
function plain(changes: Partial<ExperimentDeclaration> = {}): Experiment {
  const { ready, exploit, explore, ...given } = valid();
  return defineExperiment({ ...given, ...changes } as ExperimentDeclaration);
}

const readyOf = (experiment: Experiment) => describeExperiment(experiment).ready.options.steps;

// [budget, steps of a generation], with 8 members.
test.each([
  [{ stepsPerMember: 4000 }, 80],
  [{ stepsPerMember: 130 }, 3],
  [{ stepsPerMember: 3 }, 1],
  [{ totalSteps: 32_000 }, 80],
  [{ stepsPerMember: 4000, wallSeconds: 60 }, 80],
])("a budget of %o has about 50 generations", (budget, steps) => {
  expect(readyOf(plain({ budget }))).toBe(steps);
});

test("a budget in seconds does not say how long a generation is", () => {
  const declare = () => plain({ budget: { wallSeconds: 60 } });
  expect(declare).toThrow(BadInputError);
  expect(declare).toThrow(
    "ready: undefined - has no default where the budget is in seconds; " +
      "give for example everySeconds(30)",
  );
});

test("what is left out follows the population and the budget as they are changed", () => {
  const small = withSettings(plain(), { population: 4, "budget.stepsPerMember": 100 });
  expect(readyOf(small)).toBe(2);
  expect(describeExperiment(small).exploit).toEqual({ name: "lead", options: { copy: "both" } });
});

describe("a run that began with other defaults", () => {
  const old = describeExperiment(plain({ exploit: truncationSelection(), explore: perturb() }));

  test("keeps them", () => {
    const again = describeExperiment(defineExperiment(asRecorded(plain().declaration, old)));
    expect(again).toEqual(old);
  });

  test("takes what its experiment names from there", () => {
    const { declaration } = plain({ exploit: truncationSelection({ fraction: 0.4 }) });
    const again = describeExperiment(defineExperiment(asRecorded(declaration, old)));
    expect(again.exploit.options).toMatchObject({ fraction: 0.4 });
  });
});
