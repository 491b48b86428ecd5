/** What each part of a declaration may be. */
import * as z from "zod";
import { mistake, mistakeOf } from "../algorithm/mistake.ts";
import { nameMistake } from "./bounds.ts";
import { seconds } from "./command.ts";
import { isCommand } from "./trainer.ts";

const positiveNumber = (what: string) =>
  z
    .number(mistake("must be a number", `give ${what}`))
    .positive(mistake("must be above 0", `give ${what}`));
const wholeNumber = (what: string) =>
  z
    .int(mistake("must be a whole number", `give ${what}`))
    .min(1, mistake("must be at least 1", `give ${what}`));
const metricName = z
  .string(mistake("must be a string", "name a metric that the trainer reports"))
  .min(1, mistake("is empty", "name a metric that the trainer reports"))
  .refine(
    (name) => name === "" || nameMistake(name) === undefined,
    mistakeOf((name) => nameMistake(String(name))!),
  );
/** Run ids contain the name, and file names contain run ids. */
const maxRunNameLength = 100;
const flag = z.boolean(mistake("must be true or false", "give one of them")).optional();
/** The example does for all of them: the list would bring every strategy into every program. */
const strategySuchAs = (call: string) =>
  z.custom<unknown>(
    (value) => typeof value === "function",
    mistake("must be a function", `use a strategy such as ${call}, or your own`),
  );

export const budgetShape = {
  stepsPerMember: wholeNumber("a number of steps such as 4000")
    .describe("Training steps of each member.")
    .optional(),
  totalSteps: wholeNumber("a number of steps such as 32000")
    .describe("Training steps of all members together.")
    .optional(),
  wallSeconds: positiveNumber("seconds such as 600")
    .describe(
      "Seconds in which at least one worker works on the run. Time in a queue does not " +
        "count.",
    )
    .optional(),
  targetScore: z
    .number(mistake("must be a number", "give a score"))
    .describe(
      "A score that is good enough. Not a budget by itself, since it may never be reached.",
    )
    .optional(),
};

/** The parts of a declaration. `declaration-problems.ts` checks what they mean together. */
export const declarationShape = {
  name: z
    .string(mistake("must be a string", "give the runs a name"))
    .regex(
      /^[A-Za-z0-9][\w.-]*$/,
      mistake(
        "may have letters, digits, dots, dashes and underscores only",
        'use a name such as "digits"',
      ),
    )
    .max(
      maxRunNameLength,
      mistake(`must have at most ${maxRunNameLength} characters`, "give a shorter name"),
    ),
  population: wholeNumber("a number of members such as 8").max(
    1_000_000,
    mistake("must be at most 1,000,000", "give a number of members such as 8"),
  ),
  hyperparameters: z.record(
    z.string(),
    z.unknown(),
    mistake(
      "must be an object",
      "declare hyperparameters such as { learningRate: logUniform(1e-4, 1e-1) }",
    ),
  ),
  initial: z
    .union(
      [z.record(z.string(), z.unknown()), z.array(z.record(z.string(), z.unknown()))],
      mistake("must be an object or a list of objects", "give values by name"),
    )
    .optional(),
  objective: z.strictObject(
    {
      direction: z.enum(
        ["maximize", "minimize"],
        mistake("must be maximize or minimize", "use maximize(metric) or minimize(metric)"),
      ),
      metric: metricName,
      final: metricName.optional(),
    },
    mistake("must be an objective", 'use maximize("accuracy") or minimize("loss")'),
  ),
  ready: strategySuchAs("everySteps(200)").optional(),
  exploit: strategySuchAs("lead()").optional(),
  explore: strategySuchAs("perturb()").optional(),
  exploreEvery: z
    .enum(["copy", "generation"], mistake('must be "copy" or "generation"', "use one of them"))
    .optional(),
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
  stepTimeoutSeconds: seconds.optional(),
  seed: z
    .int(mistake("must be a whole number", "give a seed such as 1"))
    .min(0, mistake("must be at least 0", "give a seed such as 1"))
    .optional(),
};
