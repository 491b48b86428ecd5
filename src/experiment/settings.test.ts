import { BadInputError, defineExperiment, withSettings } from "clade";
import { describe, expect, test } from "vitest";
import { valid } from "./declaration.test-support.ts";
import { describeExperiment } from "./experiment.ts";
import { replaced } from "./settings.ts";

describe("settings", () => {
  const experiment = defineExperiment(valid() as never);
  const setting = (settings: object) => () => withSettings(experiment, settings as never);

  test("change what their paths say and leave the rest, the given experiment too", () => {
    const before = describeExperiment(experiment);
    const changed = withSettings(experiment, {
      population: 3,
      seed: 9,
      synchronous: true,
      "budget.stepsPerMember": 10,
      "budget.wallSeconds": 5,
      "ready.steps": 7,
      "ready.burnInSteps": 20,
      "exploit.fraction": 0.5,
      "explore.factors": [0.5, 2],
    });
    expect(describeExperiment(changed)).toEqual({
      ...before,
      population: 3,
      initial: new Array(3).fill({ rate: 0.01 }),
      synchronous: true,
      budget: { stepsPerMember: 10, wallSeconds: 5, targetScore: 0.9 },
      ready: { name: "everySteps", options: { steps: 7, burnInSteps: 20 } },
      exploit: { name: "truncationSelection", options: { fraction: 0.5, copy: "both" } },
      explore: {
        name: "perturb",
        options: { factors: [0.5, 2], resampleProbability: 0.25, leastShare: 0 },
      },
    });
    expect(changed).toMatchObject({ seed: 9, strategies: { burnInSteps: 20 } });
    expect(describeExperiment(experiment)).toEqual(before);
  });

  test("name the length of a generation as files do", () => {
    const ready = (settings: object) =>
      describeExperiment(withSettings(experiment, settings as never)).ready;
    expect(ready({ "ready.everySteps": 7 })).toEqual({
      name: "everySteps",
      options: { steps: 7, burnInSteps: 0 },
    });
    expect(ready({ "ready.everySeconds": 30 })).toMatchObject({
      name: "everySeconds",
      options: { seconds: 30 },
    });
    expect(ready({ "ready.atSteps": [3, 9] })).toMatchObject({ options: { steps: [3, 9] } });
    expect(setting({ "ready.everySteps": 0 })).toThrow(
      "ready.everySteps: 0 - must be at least 1; give a number of steps such as 200.",
    );
  });

  test("change the options of strategies that were left out, and strategies by name", () => {
    const { exploit, explore, ...given } = valid();
    const changed = withSettings(defineExperiment(given as never), {
      "exploit.generations": 2,
      explore: "resample",
    });
    expect(describeExperiment(changed)).toMatchObject({
      exploit: { name: "lead", options: { generations: 2 } },
      explore: { name: "resample", options: { probability: 1 } },
    });
    const again = withSettings(experiment, { exploit: "tTestSelection", "exploit.samples": 5 });
    expect(describeExperiment(again).exploit.options).toMatchObject({ samples: 5 });
  });

  test.each([
    [{ popultion: 4 }, 'popultion: 4 - is not a setting; did you mean "population"?'],
    [
      { "exploit.fracton": 0.3 },
      'exploit.fracton: 0.3 - is not an option of truncationSelection; did you mean "fraction"?',
    ],
    [
      { "budget.stepPerMember": 3 },
      'budget.stepPerMember: 3 - is not a part of budget; did you mean "stepsPerMember"?',
    ],
    [{ exploit: "truncationSelect" }, 'did you mean "truncationSelection"?'],
    [{ "rdy.steps": 3 }, 'rdy.steps: 3 - is not a setting; did you mean "ready.steps"?'],
    [{ population: 0 }, "population: 0 - must be at least 1"],
    [{ "exploit.fraction": "much" }, 'exploit.fraction: "much" - must be a number'],
    [{ "ready.steps": 0.5 }, "ready.steps: 0.5 - must be a whole number"],
  ])("%o is refused", (settings, message) => {
    expect(setting(settings)).toThrow(BadInputError);
    expect(setting(settings)).toThrow(message);
  });

  test("a strategy may be given with its options, and its options beside it in any order", () => {
    const changed = setting({
      "exploit.copy": "weights",
      exploit: { tTestSelection: { significance: 0.1 } },
      ready: { atSteps: [3, 9] },
    })();
    const { exploit, ready } = describeExperiment(changed);
    expect(exploit.options).toMatchObject({ significance: 0.1, copy: "weights" });
    expect(ready.options.steps).toEqual([3, 9]);
    expect(setting({ exploit: { tTestSelection: { significanse: 0.1 } } })).toThrow(
      "exploit.tTestSelection.significanse: 0.1 - is not an option of tTestSelection; did " +
        'you mean "significance"?',
    );
  });

  test("replaced settings take their options with them", () => {
    const settings = { "exploit.fraction": 0.3, exploit: "truncationSelection", population: 4 };
    expect(replaced(settings, { exploit: "noExploit" })).toEqual({
      population: 4,
      exploit: "noExploit",
    });
    expect(replaced(settings, { "exploit.copy": "weights" })).toEqual({
      ...settings,
      "exploit.copy": "weights",
    });
  });

  test("all that are wrong are reported at once", () => {
    expect(setting({ population: 0, "budget.totalSteps": -1, nonsense: 1 })).toThrow(
      /^population: 0.*\nbudget\.totalSteps: -1.*\nnonsense: 1/,
    );
  });

  test("of a user's own function there are none", () => {
    const own = defineExperiment({ ...valid(), exploit: () => ({}) } as never);
    expect(() => withSettings(own, { "exploit.fraction": 0.3 })).toThrow(
      "exploit.fraction: 0.3 - ",
    );
  });
});
