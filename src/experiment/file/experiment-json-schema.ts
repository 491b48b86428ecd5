/**
 * The JSON Schema of an experiment file (draft-07, which editors know best), made from the schemas
 * that the file is read with. What it cannot say, such as that a lower bound lies below the upper,
 * only reading the file tells.
 */
import { z } from "zod";
import { commandSchema, commandShape } from "../command.ts";
import { declarationShape } from "../declaration-shape.ts";
import { strategyForms } from "../forms/strategy-forms.ts";
import { hyperparameterSchema } from "./hyperparameter-kinds.ts";
import { objectiveSchema } from "./objective-kinds.ts";

export function experimentJsonSchema(): object {
  return z.toJSONSchema(experimentFile, { target: "draft-7", io: "input" });
}

const experimentFile = z
  .strictObject({
    $schema: z.string().describe("Where this schema is, for editors.").optional(),
    name: declarationShape.name.describe(
      "Names the runs: letters, digits, dots, dashes and underscores.",
    ),
    population: declarationShape.population.describe("How many members."),
    hyperparameters: z
      .record(z.string(), hyperparameterSchema)
      .describe("The search space, by name."),
    initial: declarationShape.initial.describe(
      "Values to start with instead of draws: the same for every member, or a list with one " +
        "entry for each of the first members.",
    ),
    objective: objectiveSchema.describe("What is better."),
    ready: strategyForms.ready.schema.describe("When a generation ends."),
    exploit: strategyForms.exploit.schema
      .describe("Who copies whom. Truncation selection when left out.")
      .optional(),
    explore: strategyForms.explore.schema
      .describe("How hyperparameters change. Perturbation when left out.")
      .optional(),
    exploreEvery: declarationShape.exploreEvery.describe(
      "Whether to explore after a copy only, which is meant when left out, or at the end of " +
        "every generation.",
    ),
    budget: declarationShape.budget.describe("When the run ends: whichever comes first."),
    trainer: z
      .union([commandShape.command, commandSchema])
      .describe("A program that speaks Clade's trainer protocol, as a shell command."),
    synchronous: declarationShape.synchronous.describe(
      "Generation g is decided only when every live member has published g; the result then " +
        "depends on the seed alone.",
    ),
    reevaluate: declarationShape.reevaluate.describe(
      "A copy is evaluated by its recipient before it trains on, instead of keeping the " +
        "donor's score.",
    ),
    stepTimeoutSeconds: declarationShape.stepTimeoutSeconds.describe(
      "How long a step, an evaluation, a save or a restore may stay silent. Takes the place " +
        "of the trainer's own.",
    ),
    seed: declarationShape.seed.describe(
      "Makes every draw repeatable. Drawn for each run when left out.",
    ),
  })
  .describe("A Population Based Training experiment for Clade.");
