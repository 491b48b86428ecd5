/** The objective in an experiment file: `{ maximize: accuracy, final: testAccuracy }`. */
import * as z from "zod";
import { described } from "../../algorithm/described.ts";
import type { Problem } from "../../algorithm/problem.ts";
import { declarationShape } from "../declaration-shape.ts";
import { type Kinds, kind, readKind } from "../forms/kind.ts";
import { maximize, minimize, type Objective } from "../objective.ts";

const { metric, final } = declarationShape.objective.shape;
const heldOut = described("A held-out metric for the final choice of the best model.", final);
const objectives: Kinds<Objective> = {
  maximize: kind(
    "The greater the metric, the better.",
    { maximize: metric, final: heldOut },
    (form) => maximize(form.maximize, form.final === undefined ? {} : { final: form.final }),
  ),
  minimize: kind(
    "The smaller the metric, the better.",
    { minimize: metric, final: heldOut },
    (form) => minimize(form.minimize, form.final === undefined ? {} : { final: form.final }),
  ),
};

export const objectiveSchema = z.union(Object.values(objectives).map(({ schema }) => schema));

export function readObjective(form: unknown, problems: Problem[]): Objective | undefined {
  const words = {
    isNone: "is not an objective",
    example: "{ maximize: accuracy } or { minimize: loss }",
  };
  return readKind("objective", form, objectives, words, problems);
}
