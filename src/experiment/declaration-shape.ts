/** What each part of a declaration may be. */
import * as z from "zod/mini";
import { described } from "../algorithm/described.ts";
import { mistake, mistakeOf } from "../algorithm/mistake.ts";
import { nameMistake } from "./bounds.ts";
import { seconds } from "./command.ts";
import { isCommand } from "./trainer.ts";

const positiveNumber = (what: string) =>
  z
    .number(mistake("must be a number", `give ${what}`))
    .check(z.positive(mistake("must be above 0", `give ${what}`)));
const wholeNumber = (what: string) =>
  z
    .int(mistake("must be a whole number", `give ${what}`))
    .check(z.gte(1, mistake("must be at least 1", `give ${what}`)));
const metricName = z
  .string(mistake("must be a string", "name a metric that the trainer reports"))
  .check(
    z.minLength(1, mistake("is empty", "name a metric that the trainer reports")),
    z.refine(
      (name) => name === "" || nameMistake(name) === undefined,
      mistakeOf((name) => nameMistake(String(name))!),
    ),
  );
/** Run ids contain the name, and file names contain run ids. */
const maxRunNameLength = 100;
const flag = z.optional(z.boolean(mistake("must be true or false", "give one of them")));
/** The example does for all of them: the list would bring every strategy into every program. */
const strategySuchAs = (call: string) =>
  z.custom<unknown>(
    (value) => typeof value === "function",
    mistake("must be a function", `use a strategy such as ${call}, or your own`),
  );

export const budgetShape = {
  stepsPerMember: z.optional(
    described(
      "Training steps that each member does itself.",
      wholeNumber("a number of steps such as 4000"),
    ),
  ),
  stepsPerModel: z.optional(
    described(
      "Training steps of each model's weights, across its copies. No model is trained for more: " +
        "the end of a schedule, or of a framework that has one.",
      wholeNumber("a number of steps such as 4000"),
    ),
  ),
  totalSteps: z.optional(
    described(
      "Training steps of all members together.",
      wholeNumber("a number of steps such as 32000"),
    ),
  ),
  wallSeconds: z.optional(
    described(
      "Seconds in which at least one worker works on the run. Time in a queue does not count.",
      positiveNumber("seconds such as 600"),
    ),
  ),
  targetScore: z.optional(
    described(
      "A score that is good enough. Not a budget by itself, since it may never be reached.",
      z.number(mistake("must be a number", "give a score")),
    ),
  ),
};

/** The parts of a declaration. `declaration-problems.ts` checks what they mean together. */
export const declarationShape = {
  name: z
    .string(mistake("must be a string", "give the runs a name"))
    .check(
      z.regex(
        /^[A-Za-z0-9][\w.-]*$/,
        mistake(
          "may have letters, digits, dots, dashes and underscores only",
          'use a name such as "digits"',
        ),
      ),
      z.maxLength(
        maxRunNameLength,
        mistake(`must have at most ${maxRunNameLength} characters`, "give a shorter name"),
      ),
    ),
  population: wholeNumber("a number of members such as 8").check(
    z.lte(1_000_000, mistake("must be at most 1,000,000", "give a number of members such as 8")),
  ),
  hyperparameters: z.record(
    z.string(),
    z.unknown(),
    mistake(
      "must be an object",
      "declare hyperparameters such as { learningRate: logUniform(1e-4, 1e-1) }",
    ),
  ),
  where: z.optional(
    z.custom<unknown>(
      (value) => [value].flat().every((each) => typeof each === "function"),
      mistake(
        "must be a function, or a list of functions",
        "give for example ({ batch, minibatch }) => batch >= 2 * minibatch",
      ),
    ),
  ),
  initial: z.optional(
    z.union(
      [z.record(z.string(), z.unknown()), z.array(z.record(z.string(), z.unknown()))],
      mistake("must be an object or a list of objects", "give values by name"),
    ),
  ),
  objective: z.strictObject(
    {
      direction: z.enum(
        ["maximize", "minimize"],
        mistake("must be maximize or minimize", "use maximize(metric) or minimize(metric)"),
      ),
      metric: metricName,
      final: z.optional(metricName),
    },
    mistake("must be an objective", 'use maximize("accuracy") or minimize("loss")'),
  ),
  ready: z.optional(strategySuchAs("everySteps(200)")),
  exploit: z.optional(strategySuchAs("lead()")),
  explore: z.optional(strategySuchAs("perturb()")),
  exploreEvery: z.optional(
    z.enum(["copy", "generation"], mistake('must be "copy" or "generation"', "use one of them")),
  ),
  budget: z.strictObject(
    budgetShape,
    mistake("must be an object", "give for example { stepsPerMember: 4000 }"),
  ),
  trainer: z.custom<unknown>(
    (value) => typeof value === "function" || isCommand(value),
    mistake(
      "must be a trainer",
      "give a class with step, evaluate, save and restore, a function that makes such a " +
        'trainer, or command("python train.py")',
    ),
  ),
  synchronous: flag,
  reevaluate: flag,
  stepTimeoutSeconds: z.optional(seconds),
  seed: z.optional(
    z
      .int(mistake("must be a whole number", "give a seed such as 1"))
      .check(z.gte(0, mistake("must be at least 0", "give a seed such as 1"))),
  ),
};
