import {
  binaryTournament,
  choice,
  conditional,
  constant,
  defineExperiment,
  everySteps,
  integer,
  logUniform,
  maximize,
  minimize,
  normal,
  ordinal,
  perturb,
  quantized,
  truncationSelection,
  tTestSelection,
  uniform,
} from "clade";
import { expect, test } from "vitest";
import { show } from "../algorithm/show.ts";
import { command } from "./command.ts";
import { messageOf, problemsOf, valid } from "./declaration.test-support.ts";

test("all mistakes are found at once, each with its path, value, rule and remedy", () => {
  const message = messageOf({
    name: "no spaces",
    population: 0,
    hyperparameters: {
      rate: logUniform(0, 0.1),
      width: uniform(2, 1),
      optimizer: choice(),
      momentum: conditional("optimiser", "sgd", uniform(0, 1)),
    },
    objective: maximize(""),
    ready: everySteps(0),
    exploit: truncationSelection({ fracton: 0.3 } as never),
    explore: perturb({ factors: [1] }),
    budget: { targetScore: 0.9 },
    synchronus: true,
  });
  expect(message.split("\n")).toEqual([
    'name: "no spaces" - may have letters, digits, dots, dashes and underscores only; use a ' +
      'name such as "digits".',
    "population: 0 - must be at least 1; give a number of members such as 8.",
    'objective.metric: "" - is empty; name a metric that the trainer reports.',
    'synchronus: true - is not a part of an experiment; did you mean "synchronous"?',
    "hyperparameters.rate: logUniform(0, 0.1) - the lower bound must be above 0; use " +
      "uniform(0, 0.1) or a small positive bound.",
    "hyperparameters.width: uniform(2, 1) - the lower bound must be below the upper; swap " +
      "them: 1, 2.",
    "hyperparameters.optimizer: choice() - there must be at least one option; list the " +
      "values to choose from.",
    'hyperparameters.momentum: conditional("optimiser", "sgd", uniform(0, 1)) - there is no ' +
      'hyperparameter "optimiser" to depend on; did you mean "optimizer"?',
    "ready.steps: 0 - must be at least 1; give a number of steps such as 200.",
    'exploit.fracton: 0.3 - is not an option of truncationSelection; did you mean "fraction"?',
    "explore.factors.0: 1 - moves nothing; give a factor such as 0.8 or 1.2.",
    "budget: { targetScore: 0.9 } - never ends; add steps or seconds, such as stepsPerMember.",
  ]);
});

const badHyperparameters: [declared: unknown, message: string][] = [
  [uniform(1, 1), "the lower bound must be below the upper; use constant(1)"],
  [uniform(0, Number.NaN), "the bounds must be finite numbers"],
  [uniform("0" as never, 1), "the bounds must be finite numbers"],
  [uniform(0, 1, { bounds: [0.5, 2] }), "bounds [0.5, 2] must contain the prior's range, 0 to 1"],
  [uniform(0, 1, { bounds: 3 as never }), "the bounds must be finite numbers"],
  [logUniform(-1, 1), "the lower bound must be above 0"],
  [logUniform(0.1, 1, { bounds: [0, 1] }), "the lower bound must be above 0"],
  [integer(0.5, 3), "the bounds must be whole numbers"],
  [integer(1, 1e300), "the bounds must be whole numbers"],
  [integer(0, 8, { log: true }), "the lower bound must be above 0"],
  [quantized(uniform(0, 1), 0), "the step must be a number above 0"],
  [quantized(uniform(0, 1), undefined as never), "the step must be a number above 0"],
  [quantized(uniform(0, 1), Infinity), "the step must be a number above 0"],
  [quantized(uniform(0, 1), "0.1" as never), "the step must be a number above 0"],
  [quantized(uniform(0.1, 0.2), 1), "no multiple of 1 lies within the bounds"],
  [quantized(integer(0, 9), 3), "the values are on a grid already"],
  [quantized(choice(1, 2) as never, 3), "only numbers can be quantized"],
  [normal(0, 0, { bounds: [-1, 1] }), "the standard deviation must be above 0"],
  [normal(5, 1, { bounds: [-1, 1] }), "the mean must lie within the bounds"],
  [
    normal(0, 100, { bounds: [-1, 1] }),
    "the bounds must be at least a tenth of a standard deviation apart",
  ],
  [normal(0, 1, undefined as never), "the bounds must be finite numbers"],
  [choice("a", "a"), "the options must differ"],
  [choice({} as never), "the options must be finite numbers, strings or booleans"],
  [choice(1, Number.NaN), "the options must be finite numbers, strings or booleans"],
  [ordinal(), "there must be at least one option"],
  [constant(undefined as never), "the value must be a finite number, a string or a boolean"],
  [conditional("self", 1, uniform(0, 1)), "conditions must not form a circle"],
  [conditional("two", 1, uniform(0, 1)), "conditions must not form a circle"],
  [
    conditional("toString", 1, uniform(0, 1)),
    'there is no hyperparameter "toString" to depend on',
  ],
  [conditional("three", 9, uniform(0, 1)), "three is never 9; use a value of integer(1, 3)"],
  [conditional("three", 3, 0.9 as never), "the third part is not a hyperparameter"],
  [
    conditional("three", 3, conditional("three", 2, uniform(0, 1))),
    "a hyperparameter can depend on only one other",
  ],
  [0.1, "is not a hyperparameter; declare it, for example constant(0.1) or uniform(0, 1)"],
  [uniform, "is not a hyperparameter; call it with its bounds or options"],
  [null, "is not a hyperparameter"],
];

test.each(badHyperparameters.map(([declared, message]) => ({ declared, message })))(
  "a hyperparameter is refused because $message",
  ({ declared, message: rule }) => {
    const two = conditional("self", 1, uniform(0, 1));
    const message = messageOf({
      initial: {},
      hyperparameters: { self: declared, two, three: integer(1, 3) },
    });
    expect(message).toContain("hyperparameters.self: ");
    expect(message).toContain(rule);
  },
);

test("a hyperparameter that depends on a broken one is not blamed for it", () => {
  const paths = (hyperparameters: object) =>
    problemsOf({ initial: {}, hyperparameters }).map(({ path }) => path);
  expect(
    paths({ optimizer: "sgd", momentum: conditional("optimizer", "sgd", uniform(0, 1)) }),
  ).toEqual(["hyperparameters.optimizer"]);
  const chained = {
    b: conditional("nothing", 1, integer(0, 1)),
    a: conditional("b", 1, uniform(0, 1)),
  };
  expect(paths(chained)).toEqual(["hyperparameters.b"]);
});

const mistakes: [changes: object, message: string][] = [
  [{ initial: { rate: 2 } }, "initial.rate: 2 - is outside logUniform(0.0001, 0.1)"],
  [{ initial: [{}, { layers: 1.5 }] }, "initial[1].layers: 1.5 - is outside integer(1, 8)"],
  [{ initial: { rate: "0.01" } }, 'initial.rate: "0.01" - is outside'],
  [
    { initial: { momentun: 0.5 } },
    'initial.momentun: 0.5 - is not a hyperparameter of this experiment; did you mean "momentum"?',
  ],
  [{ initial: { constructor: 1 } }, "initial.constructor: 1 - is not a hyperparameter"],
  [
    { initial: [{ rate: 0.01 }, null] },
    "initial: [{ rate: 0.01 }, null] - must be an object or a list of objects",
  ],
  [{ population: 2.5 }, "population: 2.5 - must be a whole number"],
  [{ population: "8" }, 'population: "8" - must be a whole number'],
  [{ population: 8n }, "population: 8n - must be a whole number"],
  [{ population: 1e12 }, "population: 1000000000000 - must be at most 1,000,000"],
  [{ budget: {} }, "budget: {} - never ends; add steps or seconds, such as stepsPerMember."],
  [
    { budget: { totalSteps: 9, stepPerMember: 1 } },
    'budget.stepPerMember: 1 - is not a part of budget; did you mean "stepsPerMember"?',
  ],
  [{ budget: { wallSeconds: -1 } }, "budget.wallSeconds: -1 - must be above 0"],
  [{ budget: { totalSteps: Infinity } }, "budget.totalSteps: Infinity - must be a whole number"],
  [
    { budget: 4000 },
    "budget: 4000 - must be an object; give for example { stepsPerMember: 4000 }.",
  ],
  [
    { objective: "accuracy" },
    'objective: "accuracy" - must be an objective; use maximize("accuracy") or minimize("loss").',
  ],
  [{ objective: maximize(undefined as never) }, "objective.metric: undefined - must be a string"],
  [
    { objective: minimize("loss", { finale: "x" } as never) },
    'objective.finale: "x" - is not a part of objective; did you mean "final"?',
  ],
  [
    { ready: 200 },
    "ready: 200 - must be a function; use a strategy such as everySteps(200), or your own.",
  ],
  [
    { ready: everySteps },
    "ready: everySteps - makes a strategy but is not one itself; call it: everySteps(...).",
  ],
  [
    { exploit: truncationSelection },
    "exploit: truncationSelection - makes a strategy but is not one itself; call it: " +
      "truncationSelection(...).",
  ],
  [
    { exploit: truncationSelection(0.2 as never) },
    "exploit: 0.2 - must be an object; give options by name, such as truncationSelection({ " +
      "fraction: ... }).",
  ],
  [
    { exploit: truncationSelection({ fraction: 0.6 }) },
    "exploit.fraction: 0.6 - must be at most 0.5",
  ],
  [{ exploit: tTestSelection({ samples: 1 }) }, "exploit.samples: 1 - must be at least 2"],
  [{ exploit: tTestSelection({ significance: 1 }) }, "exploit.significance: 1 - must be below 1"],
  [
    { exploit: binaryTournament({ copy: "all" as never }) },
    'exploit.copy: "all" - must be "both", "weights" or "hyperparameters"',
  ],
  [
    { explore: perturb({ factors: [] }) },
    "explore.factors: [] - is empty; give factors such as [0.8, 1.2], or use noExplore().",
  ],
  [
    { explore: perturb({ resampleProbability: -1 }) },
    "explore.resampleProbability: -1 - must be at least 0",
  ],
  [
    { ready: everySteps(5, { burnin: 3 } as never) },
    "ready.burnin: 3 - is not an option of everySteps; known are steps, burnInSteps.",
  ],
  [{ exploreEvery: "never" }, 'exploreEvery: "never" - must be "copy" or "generation"'],
  [
    { trainer: {} },
    "trainer: {} - must be a trainer; give a class with step, evaluate, save and restore",
  ],
  [{ trainer: "python train.py" }, 'trainer: "python train.py" - must be a trainer; give a class'],
  [
    { trainer: command(" ") },
    'trainer.command: " " - is empty; give a command such as python train.py.',
  ],
  [{ trainer: { command: 5 } }, "trainer.command: 5 - must be a string"],
  [
    { trainer: command("x", { stepTimeoutSeconds: 0 }) },
    "trainer.stepTimeoutSeconds: 0 - must be above 0; give seconds such as 600.",
  ],
  [
    { trainer: command("x", { environment: { THREADS: 1 } } as never) },
    "trainer.environment.THREADS: 1 - must be a string, or true for the worker's own value; " +
      "put quotes around it.",
  ],
  [
    { trainer: command("x", { stepTimeoutSecond: 9 } as never) },
    "trainer.stepTimeoutSecond: 9 - is not an option of command; did you mean " +
      '"stepTimeoutSeconds"?',
  ],
  [{ synchronous: "yes" }, 'synchronous: "yes" - must be true or false'],
  [{ seed: -1 }, "seed: -1 - must be at least 0"],
  [{ name: "" }, 'name: "" - may have letters'],
  [
    { popolation: 3 },
    'popolation: 3 - is not a part of an experiment; did you mean "population"?',
  ],
  [{ hyperparameters: [uniform(0, 1)] }, "hyperparameters: [uniform(0, 1)] - must be an object"],
];

test.each(mistakes.map(([changes, message]) => ({ changes, message })))(
  "a mistake is explained: $message",
  ({ changes, message }) => {
    expect(messageOf(changes)).toContain(message);
    expect(problemsOf(changes)).toHaveLength(1);
  },
);

test.each([undefined, null, [], "experiment", 5, () => valid()])(
  "%o is no declaration",
  (declaration) => {
    const rule = "must be an object; call defineExperiment({ name, population, ... }).";
    expect(() => defineExperiment(declaration as never)).toThrow(`${show(declaration)} - ${rule}`);
  },
);
