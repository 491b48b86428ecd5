import {
  BadInputError,
  binaryTournament,
  choice,
  conditional,
  constant,
  defineExperiment,
  everySeconds,
  everySteps,
  inherited,
  integer,
  logUniform,
  maximize,
  minimize,
  nearOne,
  noExploit,
  noExplore,
  normal,
  ordinal,
  type Problem,
  perturb,
  quantized,
  type Random,
  randomStream,
  resample,
  truncationSelection,
  tTestSelection,
  uniform,
} from "clade";
import { expect, test } from "vitest";
import { command } from "../command.ts";
import type { ExperimentDeclaration } from "../declaration.ts";
import { describeExperiment } from "../experiment.ts";
import { experimentFromFile } from "./experiment-file.ts";

const file = {
  name: "digits",
  population: 8,
  hyperparameters: { rate: { logUniform: [1e-4, 1e-1] }, optimizer: { choice: ["sgd", "adam"] } },
  objective: { maximize: "accuracy" },
  ready: { everySteps: 200 },
  budget: { stepsPerMember: 4000 },
  trainer: "python train.py",
};
const inTypeScript = {
  name: "digits",
  population: 8,
  hyperparameters: { rate: logUniform(1e-4, 1e-1), optimizer: choice("sgd", "adam") },
  objective: maximize("accuracy"),
  ready: everySteps(200),
  budget: { stepsPerMember: 4000 },
  trainer: command("python train.py"),
};

function problemsOf(changes: object): readonly Problem[] {
  try {
    experimentFromFile({ ...file, ...changes });
  } catch (error) {
    expect(error).toBeInstanceOf(BadInputError);
    return (error as BadInputError).problems;
  }
  return [];
}
const messageOf = (changes: object) => new BadInputError(problemsOf(changes)).message;

const same: [inFile: object, declared: object][] = [
  [{}, {}],
  [{ $schema: "experiment.schema.json" }, {}],
  [
    { objective: { minimize: "loss", final: "test" } },
    { objective: minimize("loss", { final: "test" }) },
  ],
  [{ ready: { everySteps: 5, burnInSteps: 9 } }, { ready: everySteps(5, { burnInSteps: 9 }) }],
  [{ ready: { everySeconds: 0.5 } }, { ready: everySeconds(0.5) }],
  [{ exploit: "truncationSelection" }, { exploit: truncationSelection() }],
  [
    { exploit: { truncationSelection: { fraction: 0.3, copy: "weights" } } },
    { exploit: truncationSelection({ fraction: 0.3, copy: "weights" }) },
  ],
  [{ exploit: { tTestSelection: { samples: 5 } } }, { exploit: tTestSelection({ samples: 5 }) }],
  [{ exploit: { binaryTournament: {} } }, { exploit: binaryTournament() }],
  [{ exploit: "noExploit" }, { exploit: noExploit() }],
  [{ explore: { perturb: { factors: [0.5, 2] } } }, { explore: perturb({ factors: [0.5, 2] }) }],
  [{ explore: { resample: { probability: 0.5 } } }, { explore: resample({ probability: 0.5 }) }],
  [{ explore: "noExplore" }, { explore: noExplore() }],
  [
    { exploreEvery: "generation", synchronous: true, reevaluate: true, seed: 3 },
    { exploreEvery: "generation", synchronous: true, reevaluate: true, seed: 3 },
  ],
  [{ initial: [{ rate: 0.01 }, {}] }, { initial: [{ rate: 0.01 }, {}] }],
  [{ initial: { optimizer: "adam" } }, { initial: { optimizer: "adam" } }],
  [
    { trainer: { command: "./train", environment: { A: "1" }, stepTimeoutSeconds: 5 } },
    { trainer: command("./train", { environment: { A: "1" }, stepTimeoutSeconds: 5 }) },
  ],
];

test.each(same)("%o is what it is in TypeScript", (inFile, declared) => {
  const experiment = experimentFromFile({ ...file, ...inFile });
  const expected = defineExperiment({
    ...inTypeScript,
    ...declared,
  } as unknown as ExperimentDeclaration);
  expect(describeExperiment(experiment)).toEqual(describeExperiment(expected));
  expect(experiment.trainer).toEqual(expected.trainer);
  expect(experiment.seed).toBe(expected.seed);
});

test("every kind of hyperparameter, with all of its options, is what it is in TypeScript", () => {
  const hyperparameters = {
    a: [{ uniform: [0, 1] }, uniform(0, 1)],
    b: [
      { uniform: [0, 1], bounds: [-1, 2], step: 0.5 },
      quantized(uniform(0, 1, { bounds: [-1, 2] }), 0.5),
    ],
    c: [{ logUniform: [1, 2], bounds: [0.5, 4] }, logUniform(1, 2, { bounds: [0.5, 4] })],
    near: [
      { nearOne: [0.9, 0.99], bounds: [0.5, 0.999] },
      nearOne(0.9, 0.99, { bounds: [0.5, 0.999] }),
    ],
    d: [{ logUniform: [1, 20], step: 2 }, quantized(logUniform(1, 20), 2)],
    e: [
      { integer: [1, 8], log: true, bounds: [1, 16] },
      integer(1, 8, { log: true, bounds: [1, 16] }),
    ],
    f: [{ normal: [1, 0.2], bounds: [0.5, 2] }, normal(1, 0.2, { bounds: [0.5, 2] })],
    g: [
      { normal: [1, 1], bounds: [0, 2], step: 1 },
      quantized(normal(1, 1, { bounds: [0, 2] }), 1),
    ],
    h: [{ choice: ["sgd", 0.5, true] }, choice("sgd", 0.5, true)],
    i: [{ ordinal: [1, 2, 4] }, ordinal(1, 2, 4)],
    j: [3, constant(3)],
    k: ["gelu", constant("gelu")],
    l: [false, constant(false)],
    m: [{ constant: 3, when: { h: "sgd" } }, conditional("h", "sgd", constant(3))],
    n: [
      { uniform: [0, 1], step: 0.1, when: { h: ["sgd", true] } },
      conditional("h", ["sgd", true], quantized(uniform(0, 1), 0.1)),
    ],
    o: [{ integer: [1, 2], when: { i: 4 } }, conditional("i", 4, integer(1, 2))],
    p: [{ choice: [1, 2], when: { m: 3 } }, conditional("m", 3, choice(1, 2))],
    q: [{ choice: [16, 32], inherited: true }, inherited(choice(16, 32))],
  } as const;
  const part = (index: 0 | 1) =>
    Object.fromEntries(Object.entries(hyperparameters).map(([name, both]) => [name, both[index]]));
  const experiment = experimentFromFile({ ...file, hyperparameters: part(0) });
  const expected = defineExperiment({ ...inTypeScript, hyperparameters: part(1) as never });
  expect(describeExperiment(experiment)).toEqual(describeExperiment(expected));
});

test("every mistake of a file is found at once, under its path in the file", () => {
  const message = messageOf({
    population: 0,
    hyperparameters: {
      rate: { logUnifrom: [1e-4, 1e-1] },
      width: { uniform: [2, 1] },
      momentum: { uniform: [0, 1], when: { rate: 1 } },
    },
    objective: { maximise: "accuracy" },
    ready: { everySteps: 0 },
    exploit: { truncationSelection: { fracton: 0.3 } },
    explore: "pertub",
    trainer: { command: "", stepTimeoutSecond: 3 },
    synchronus: true,
    budget: {},
  });
  expect(message.split("\n")).toEqual([
    "hyperparameters.rate.logUnifrom: [0.0001, 0.1] - is not a kind of hyperparameter; did " +
      'you mean "logUniform"?',
    'objective.maximise: "accuracy" - is not an objective; did you mean "maximize"?',
    "ready.everySteps: 0 - must be at least 1; give a number of steps such as 200.",
    "exploit.truncationSelection.fracton: 0.3 - is not an option of truncationSelection; did " +
      'you mean "fraction"?',
    'explore: "pertub" - is not a built-in explore strategy; did you mean "perturb"?',
    'trainer.command: "" - is empty; give a command such as python train.py.',
    "trainer.stepTimeoutSecond: 3 - is not an option of trainer; did you mean " +
      '"stepTimeoutSeconds"?',
    "population: 0 - must be at least 1; give a number of members such as 8.",
    'synchronus: true - is not a part of an experiment; did you mean "synchronous"?',
    "hyperparameters.width: uniform(2, 1) - the lower bound must be below the upper; swap " +
      "them: 1, 2.",
    "budget: {} - never ends; add steps or seconds, such as stepsPerMember.",
  ]);
});

const badHyperparameters: [form: unknown, message: string][] = [
  [null, ": null - is not a kind of hyperparameter; give a form such as"],
  [Number.NaN, ": NaN - is not a kind of hyperparameter"],
  [{}, ": {} - is not a kind of hyperparameter; give a form such as"],
  [
    ["sgd", "adam"],
    'give { choice: ["sgd", "adam"] }, or { ordinal: ["sgd", "adam"] } when they have an order',
  ],
  [
    "logUniform(1e-4, 1)",
    ': "logUniform(1e-4, 1)" - is a string here; write { logUniform: [...] }.',
  ],
  ["quantized(uniform(0, 1), 0.1)", "is a string here; write a form such as { uniform: [0, 1] }"],
  [{ uniform: [0, 1], integer: [1, 2] }, "is both uniform and integer; keep one of them"],
  [{ uniform: 3 }, ".uniform: 3 - must be a list of two numbers; give a lower and an upper bound"],
  [{ uniform: [0] }, ".uniform: [0] - must be a list of two numbers"],
  [{ uniform: [0, 1, 2] }, ".uniform: [0, 1, 2] - must be a list of two numbers"],
  [{ uniform: ["0", 1] }, '.uniform.0: "0" - must be a finite number'],
  [{ uniform: [0, Infinity] }, ".uniform.1: Infinity - must be a finite number"],
  [
    { uniform: [1, 1] },
    ": uniform(1, 1) - the lower bound must be below the upper; use constant(1).",
  ],
  [
    { uniform: [0, 1], bunds: [0, 2] },
    '.bunds: [0, 2] - is not an option of uniform; did you mean "bounds"?',
  ],
  [{ uniform: [0, 1], step: 0 }, ".step: 0 - must be above 0"],
  [{ logUniform: [0, 1] }, ": logUniform(0, 1) - the lower bound must be above 0"],
  [{ nearOne: [0.9, 1] }, ": nearOne(0.9, 1) - the upper bound must be below 1"],
  [{ integer: [0.5, 2] }, ".integer.0: 0.5 - must be a whole number; round it"],
  [
    { integer: [1, 8], step: 2 },
    ".step: 2 - is not an option of integer; known are log, bounds, when, inherited.",
  ],
  [{ integer: [1, 8], log: 1 }, ".log: 1 - must be true or false"],
  [{ normal: [0, 1] }, ".bounds: undefined - must be a list of two numbers"],
  [{ choice: [] }, ".choice: [] - is empty; list the values"],
  [{ choice: [[1]] }, ".choice.0: [1] - must be a finite number, a string, true or false"],
  [{ ordinal: [1, 1] }, ": ordinal(1, 1) - the options must differ"],
  [{ uniform: [0, 1], when: {} }, ".when: {} - must name one hyperparameter"],
  [
    { uniform: [0, 1], when: "other" },
    '.when: "other" - must be an object; name another hyperparameter',
  ],
  [
    { uniform: [0, 1], when: { other: {} } },
    ".when.other: {} - must be a value or a list of values",
  ],
  [
    { uniform: [0, 1], when: { othr: 1 } },
    'there is no hyperparameter "othr" to depend on; did you mean "other"?',
  ],
  [{ uniform: [0, 1], when: { other: 9 } }, "other is never 9; use a value of integer(1, 3)"],
];

test.each(badHyperparameters)("a hyperparameter %o is refused", (form, message) => {
  const bad = { hyperparameters: { rate: form, other: { integer: [1, 3] } } };
  expect(messageOf(bad)).toMatch(/^hyperparameters\.rate[:.]/);
  expect(messageOf(bad)).toContain(message);
  expect(problemsOf(bad)).toHaveLength(1);
});

const mistakes: [changes: object, message: string][] = [
  [
    { hyperparameters: [] },
    "hyperparameters: [] - must be an object; declare hyperparameters such as { learningRate:",
  ],
  [
    { objective: undefined },
    "objective: undefined - is not an objective; give { maximize: accuracy }",
  ],
  [{ objective: { maximize: "" } }, 'objective.maximize: "" - is empty'],
  [{ ready: undefined }, "ready: undefined - is not a ready strategy; give { everySteps: 200 }"],
  [{ ready: 200 }, "ready: 200 - is not a ready strategy"],
  [
    { ready: { everySteps: 5, burnin: 3 } },
    "ready.burnin: 3 - is not an option of everySteps; known are burnInSteps.",
  ],
  [
    { exploit: null },
    "exploit: null - is not a built-in exploit strategy; give one of lead, twoSpeeds, ladder",
  ],
  [{ exploit: { noExploit: {}, tTestSelection: {} } }, "is both noExploit and tTestSelection"],
  [{ exploit: "constructor" }, 'exploit: "constructor" - is not a built-in exploit strategy'],
  [
    { exploit: { truncationSelection: 0.2 } },
    "exploit.truncationSelection: 0.2 - must be an object; give options by name, such as { " +
      "fraction: ... }.",
  ],
  [
    { explore: { followSchedule: { schedule: [{ toStep: 3, hyperparameters: { rate: [1] } }] } } },
    "schedule.0.hyperparameters.rate: [1] - must be a finite number, a string, true or false",
  ],
  [{ explore: { perturb: { factors: [1] } } }, "explore.perturb.factors.0: 1 - moves nothing"],
  [
    { trainer: undefined },
    "trainer: undefined - must be a command; give for example { command: python train.py }.",
  ],
  [{ trainer: "" }, 'trainer: "" - is empty; give a command such as python train.py.'],
  [{ trainer: { directory: "." } }, "trainer.command: undefined - must be a string"],
  [
    { trainer: { command: "x", environment: { A: 1 } } },
    "trainer.environment.A: 1 - must be a string, or true for the worker's own value; put " +
      "quotes around it.",
  ],
  [
    { trainer: { command: "x", environment: { "A B": "1" } } },
    'trainer.environment.A B: "A B" - is not a variable name; give letters, digits and',
  ],
  [{ initial: [{ rate: 5 }] }, "initial[0].rate: 5 - is outside logUniform(0.0001, 0.1)"],
  [{ seed: null }, "seed: null - must be a whole number"],
];

test.each(mistakes)("%o is refused", (changes, message) => {
  expect(messageOf(changes)).toContain(message);
  expect(problemsOf(changes)).toHaveLength(1);
});

test.each([undefined, null, [], "experiment", 5])("%o is no experiment", (data) => {
  expect(() => experimentFromFile(data)).toThrow(/ - must be an object; give name, population, /);
});

test("data mutilated at random is accepted, or refused with a BadInputError", () => {
  const whole = {
    ...file,
    hyperparameters: {
      ...file.hyperparameters,
      units: { integer: [16, 512], log: true, bounds: [1, 1024] },
      width: { normal: [1, 0.2], bounds: [0, 2], step: 0.1, when: { optimizer: ["sgd"] } },
      layers: 3,
    },
    initial: [{ rate: 0.01 }],
    exploit: { truncationSelection: { fraction: 0.25 } },
    explore: { perturb: { factors: [0.8, 1.25] } },
    trainer: { command: "x", environment: { A: "1" }, stepTimeoutSeconds: 5 },
  };
  const circular: { when?: unknown; uniform: unknown } = { uniform: [0, 1] };
  circular.when = circular;
  const odd = JSON.parse(
    '{ "__proto__": { "uniform": [0, 1] }, "constructor": 1, "toString": { "choice": [1] } }',
  );
  const junk = [
    null,
    Number.NaN,
    -1,
    0,
    0.5,
    1e300,
    "",
    "text",
    "uniform(",
    "constructor",
    true,
    [],
    [null],
    {},
  ];
  const all = [
    ...junk,
    ["a", 1],
    { uniform: [0, 1] },
    { when: { rate: 1 } },
    circular,
    odd,
    undefined,
    () => 1,
  ];
  const names = [
    "junk",
    "constructor",
    "__proto__",
    "rate",
    "0",
    "uniform",
    "choice",
    "when",
    "step",
    "perturb",
  ];

  function mutilate(value: unknown, random: Random): unknown {
    if (typeof value !== "object" || value === null || random.uniform() < 0.15)
      return random.pick(all);
    const copy = (Array.isArray(value) ? [...value] : { ...value }) as Record<string, unknown>;
    const key = random.pick([
      ...Object.keys(copy),
      Array.isArray(copy) ? "0" : random.pick(names),
    ]);
    const changed = random.uniform() < 0.15 ? random.pick(all) : mutilate(copy[key], random);
    Object.defineProperty(copy, key, {
      value: changed,
      enumerable: true,
      configurable: true,
      writable: true,
    });
    if (random.uniform() < 0.15) delete copy[key];
    return copy;
  }

  let refused = 0;
  for (let seed = 0; seed < 4000; seed++) {
    const random = randomStream("mutilate", seed);
    let data: unknown = whole;
    for (let times = 0; times <= seed % 3; times++) data = mutilate(data, random);
    try {
      experimentFromFile(data);
    } catch (error) {
      if (!(error instanceof BadInputError)) throw new Error(`seed ${seed}`, { cause: error });
      refused++;
      expect(error.message).not.toMatch(/Invalid input|Too (big|small)|Unrecognized/);
    }
  }
  expect(refused).toBeGreaterThan(2000);
  expect(refused).toBeLessThan(4000);
});
