import {
  BadInputError,
  defineExperiment,
  defineStudy,
  everySteps,
  logUniform,
  maximize,
  type StudyDeclaration,
  withSettings,
} from "clade";
import { expect, test } from "vitest";
import { describeExperiment } from "../experiment.ts";
import { planStudy } from "./plan.ts";

const experiment = defineExperiment({
  name: "climbing",
  population: 8,
  hyperparameters: { rate: logUniform(1e-4, 1) },
  objective: maximize("height"),
  ready: everySteps(5),
  budget: { stepsPerMember: 100 },
  trainer: class {
    step() {}
    evaluate() {
      return { height: 0 };
    }
    save() {
      return {};
    }
    restore() {}
  },
});

const study = (given: Partial<StudyDeclaration>) =>
  defineStudy({ name: "sizes", experiment: "climbing.ts", seeds: 2, ...given });
const labels = (given: Partial<StudyDeclaration>) =>
  planStudy(study(given)).map(({ label }) => label);

test("without variants it is the experiment as it is; seeds are counted or listed", () => {
  expect(labels({})).toEqual(["pbt"]);
  expect(study({ seeds: 3 }).seeds).toEqual([1, 2, 3]);
  expect(study({ seeds: [7, 7, 9] }).seeds).toEqual([7, 9]);
});

test("every variant is planned at each point of the grid that makes a difference to it", () => {
  const variants = { pbt: {}, "random-search": "random-search", large: { population: 99 } };
  const grid = {
    population: [5, 10],
    exploit: ["truncationSelection", { tTestSelection: { samples: 5 } }],
  };
  expect(labels({ variants, grid })).toEqual([
    "pbt population=5 exploit=truncationSelection",
    "pbt population=5 exploit={ tTestSelection: { samples: 5 } }",
    "pbt population=10 exploit=truncationSelection",
    "pbt population=10 exploit={ tTestSelection: { samples: 5 } }",
    "random-search population=5",
    "random-search population=10",
    "large exploit=truncationSelection",
    "large exploit={ tTestSelection: { samples: 5 } }",
  ]);
});

test("the settings of a planned variant make a run of it, named after the study", () => {
  const plan = planStudy(
    study({
      settings: { "budget.stepsPerMember": 50, exploit: "binaryTournament" },
      variants: {
        tested: { exploit: "tTestSelection" },
        random: "random-search",
        same: { fixed: { rate: 0.5 } },
      },
      grid: { population: [4], "exploit.copy": ["weights"] },
    }),
  );
  const made = plan.map((variant) =>
    describeExperiment(withSettings(experiment, variant.settings(experiment))),
  );
  expect(
    made.map(({ name, population, exploit, initial }) => [
      name,
      population,
      exploit.name,
      initial,
    ]),
  ).toEqual([
    ["sizes-tested", 4, "tTestSelection", []],
    ["sizes-random", 4, "noExploit", []],
    ["sizes-same", 4, "noExploit", Array(4).fill({ rate: 0.5 })],
  ]);
  expect(made[0]!.exploit.options.copy).toBe("weights");
  expect(made.every(({ budget }) => budget.stepsPerMember === 50)).toBe(true);
});

test("a follower comes after its variant, at the same point, with what that found", () => {
  const plan = planStudy(
    study({
      variants: {
        again: { replay: "pbt" },
        last: { final: "pbt" },
        pbt: { "exploit.copy": "both" },
      },
      grid: { population: [4], "exploit.copy": ["weights"] },
    }),
  );
  expect(plan.map(({ label, follows }) => [label, follows])).toEqual([
    ["pbt population=4", undefined],
    ["again population=4", "pbt population=4"],
    ["last population=4", "pbt population=4"],
  ]);
  const found = {
    schedule: [{ fromStep: 0, toStep: 5, member: 3, hyperparameters: { rate: 0.25 } }],
    hyperparameters: { rate: 0.25 },
  };
  const [again, last] = plan
    .slice(1)
    .map((variant) =>
      describeExperiment(withSettings(experiment, variant.settings(experiment, found))),
    );
  expect(again).toMatchObject({
    population: 4,
    explore: { name: "followSchedule" },
    budget: { stepsPerMember: 100 },
  });
  expect(last).toMatchObject({
    population: 4,
    explore: { name: "noExplore" },
    budget: { stepsPerMember: 100 },
  });
});

test.each([
  [{ seeds: 1e8 }, "seeds: 100000000 - must be at most 10,000; give how many, such as 5."],
  [{ name: "a".repeat(81) }, "must have at most 80 characters; give a shorter name."],
  [
    { variants: { "a b": {} } },
    `variants: "a b" - a variant's name may have letters, digits, dots, dashes and ` +
      `underscores only; use a name such as "t-test".`,
  ],
  [{ seeds: 0 }, "seeds: 0 - must be at least 1; give how many, such as 5."],
  [
    { variants: { a: "random-serch" } },
    'variants.a: "random-serch" - is not a baseline; did you mean "random-search"?',
  ],
  [{ baseline: "random" }, 'baseline: "random" - is not a variant of this study'],
  [
    { variants: { a: {}, b: { replay: "c" } } },
    'variants.b.replay: "c" - is not a variant of this study',
  ],
  [
    { variants: { a: { fixed: 3 } } },
    "variants.a.fixed: 3 - must be an object; give values by name.",
  ],
  [{ variants: { a: { fixed: {}, replay: "a" } } }, "is both fixed and replay; keep one of them."],
  [
    { grid: { population: [] } },
    "grid.population: [] - is empty; give values such as [5, 10, 20].",
  ],
  [{ varients: {} }, 'varients: {} - is not a part of a study; did you mean "variants"?'],
])("%o is refused", (given, message) => {
  expect(() => study(given as Partial<StudyDeclaration>)).toThrow(BadInputError);
  expect(() => study(given as Partial<StudyDeclaration>)).toThrow(message);
});

test("a setting that is wrong is reported under its variant", () => {
  const [wrong] = planStudy(study({ variants: { a: { populaton: 3 } } }));
  expect(() => wrong!.settings(experiment)).toThrow(
    'variants.a.populaton: 3 - is not a setting; did you mean "population"?',
  );
});

test("a variant keeps its own option of a strategy that the grid gives", () => {
  const [planned] = planStudy(
    study({
      variants: { light: { "exploit.copy": "weights" } },
      grid: { exploit: ["binaryTournament"] },
    }),
  );
  const { exploit } = describeExperiment(withSettings(experiment, planned!.settings(experiment)));
  expect(exploit).toMatchObject({ name: "binaryTournament", options: { copy: "weights" } });
});

test("a follower has a run to follow, also where it gives a setting of the grid itself", () => {
  const plan = planStudy(
    study({
      variants: { pbt: {}, again: { replay: "pbt", population: 3 } },
      grid: { population: [4, 5, 4] },
    }),
  );
  expect(plan.map(({ label, follows }) => [label, follows])).toEqual([
    ["pbt population=4", undefined],
    ["pbt population=5", undefined],
    ["again population=4", "pbt population=4"],
    ["again population=5", "pbt population=5"],
  ]);
  const found = {
    schedule: [{ fromStep: 0, toStep: 5, member: 0, hyperparameters: { rate: 0.25 } }],
    hyperparameters: { rate: 0.25 },
  };
  expect(plan[2]!.settings(experiment, found).population).toBe(3);
});
