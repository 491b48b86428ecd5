/**
 * The JSON Schema of an experiment file (draft-07, which editors know best), made from the schemas
 * that read the file. Some rules, such as a lower bound below the upper, only the reader checks.
 */
import * as z from "zod";
import { described } from "../../algorithm/described.ts";
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
    name: described(
      "Names the runs: letters, digits, dots, dashes and underscores.",
      declarationShape.name,
    ),
    population: described("How many members.", declarationShape.population),
    hyperparameters: z
      .record(z.string(), hyperparameterSchema)
      .describe("The search space, by name."),
    where: z
      .union([z.string(), z.array(z.string())])
      .describe(
        "What the hyperparameters have to satisfy together, such as batch >= 2 * minibatch. " +
          "Draws and moves do.",
      )
      .optional(),
    initial: described(
      "Values to start with instead of draws: the same for every member, or a list with one " +
        "entry for each of the first members.",
      declarationShape.initial,
    ),
    objective: objectiveSchema.describe("What is better."),
    ready: strategyForms.ready.schema
      .describe("When a generation ends. Default: about 50 generations in a budget of steps.")
      .optional(),
    exploit: strategyForms.exploit.schema
      .describe("Which member copies which. Default: lead.")
      .optional(),
    explore: strategyForms.explore.schema
      .describe(
        "How hyperparameters change. Default: perturb, with factors that fit the population.",
      )
      .optional(),
    exploreEvery: described(
      "Whether to explore after each copy (the default) or at the end of every " + "generation.",
      declarationShape.exploreEvery,
    ),
    budget: described("When the run ends: at whichever comes first.", declarationShape.budget),
    trainer: z
      .union([commandShape.command, commandSchema])
      .describe("A program that speaks Clade's trainer protocol, as a shell command."),
    synchronous: described(
      "Generation g is decided only when every live member has published g; the result then " +
        "depends on the seed alone.",
      declarationShape.synchronous,
    ),
    reevaluate: described(
      "A copy is evaluated by its recipient before it trains on, instead of keeping the " +
        "donor's score.",
      declarationShape.reevaluate,
    ),
    stepTimeoutSeconds: described(
      "Seconds that a step, an evaluation, a save or a restore may stay silent. " +
        "Replaces the trainer's own value.",
      declarationShape.stepTimeoutSeconds,
    ),
    seed: described(
      "Makes every draw repeatable. Default: drawn for each run.",
      declarationShape.seed,
    ),
  })
  .describe("A Population Based Training experiment for Clade.");
