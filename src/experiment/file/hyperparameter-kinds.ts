/**
 * A hyperparameter in an experiment file: `{ logUniform: [1e-4, 1e-1] }`, with options beside the
 * kind, or a plain value for a constant.
 */
import * as z from "zod";
import { hyperparameterValue } from "../../algorithm/hyperparameter-value.ts";
import { mistake } from "../../algorithm/mistake.ts";
import type { Problem } from "../../algorithm/problem.ts";
import { show } from "../../algorithm/show.ts";
import { isMapping, type Kinds, kind, readKind } from "../forms/kind.ts";
import { choice } from "../search-space/choice.ts";
import { conditional } from "../search-space/conditional.ts";
import { constant } from "../search-space/constant.ts";
import type { Declared } from "../search-space/declared.ts";
import { inherited } from "../search-space/inherited.ts";
import { integer } from "../search-space/integer.ts";
import { logUniform } from "../search-space/log-uniform.ts";
import { nearOne } from "../search-space/near-one.ts";
import { normal } from "../search-space/normal.ts";
import type { DeclaredNumber } from "../search-space/numeric.ts";
import { ordinal } from "../search-space/ordinal.ts";
import { quantized } from "../search-space/quantized.ts";
import { uniform } from "../search-space/uniform.ts";

const number = z.number(mistake("must be a finite number", "give one such as 0.1"));
const twoNumbers = (remedy: string) =>
  z.tuple([number, number], mistake("must be a list of two numbers", remedy));
const lowAndHigh = twoNumbers("give a lower and an upper bound such as [0.1, 0.9]");
const whole = z.int(mistake("must be a whole number", "round it, or use uniform or logUniform"));
const wholeLowAndHigh = z.tuple(
  [whole, whole],
  mistake("must be a list of two whole numbers", "give a lower and an upper bound such as [1, 8]"),
);
const values = z
  .array(
    hyperparameterValue,
    mistake("must be a list", "list the values to choose from, such as [16, 32]"),
  )
  .min(1, mistake("is empty", "list the values to choose from"))
  .meta({ uniqueItems: true });
const wider = "Where moves may go, when that is wider than the range of the draws.";
const bounds = lowAndHigh.describe(wider).exactOptional();
const valueOrValues = z.union(
  [hyperparameterValue, z.array(hyperparameterValue).min(1)],
  mistake("must be a value or a list of values", "give those under which this one exists"),
);
const when = z
  .record(
    z.string(),
    valueOrValues,
    mistake(
      "must be an object",
      "name another hyperparameter with its value or values, such as { optimizer: sgd }",
    ),
  )
  .refine(
    (condition) => Object.keys(condition).length === 1,
    mistake(
      "must name one hyperparameter",
      "let that one itself be conditional where there are more",
    ),
  )
  .meta({
    description:
      "It exists only while another hyperparameter has this value, or one of these values.",
    minProperties: 1,
    maxProperties: 1,
  })
  .exactOptional();
const step = z
  .number(mistake("must be a number", "give the distance between neighbouring values"))
  .positive(mistake("must be above 0", "give the distance between neighbouring values"))
  .describe("Values are whole multiples of it.")
  .exactOptional();

const isInherited = z
  .boolean(mistake("must be true or false", "give one of them"))
  .describe(
    "Whether it belongs to the weights, such as a width: drawn once for each member, never " +
      "moved, and copied along with weights only.",
  )
  .exactOptional();
/** What every kind may say besides. */
const common = { when, inherited: isInherited };

type Common = {
  readonly when?: z.output<typeof when>;
  readonly inherited?: boolean;
};

const kinds: Kinds<Declared> = {
  uniform: kind(
    "A real number, equally likely anywhere from the lower to the upper bound.",
    { uniform: lowAndHigh, bounds, step, ...common },
    (form) => conditioned(form, onSteps(form, uniform(...form.uniform, form))),
  ),
  logUniform: kind(
    "A positive number whose logarithm is uniform, such as a learning rate.",
    { logUniform: lowAndHigh, bounds, step, ...common },
    (form) => conditioned(form, onSteps(form, logUniform(...form.logUniform, form))),
  ),
  nearOne: kind(
    "A number below 1 whose distance to 1 is log-uniform, such as a momentum or a discount.",
    { nearOne: lowAndHigh, bounds, step, ...common },
    (form) => conditioned(form, onSteps(form, nearOne(...form.nearOne, form))),
  ),
  integer: kind(
    "A whole number from the lower to the upper bound, both included.",
    {
      integer: wholeLowAndHigh,
      log: z
        .boolean(mistake("must be true or false", "give one of them"))
        .describe("Draws and moves on a log scale: 16, 32, 64 are equally far apart.")
        .exactOptional(),
      bounds: wholeLowAndHigh.describe(wider).exactOptional(),
      ...common,
    },
    (form) => conditioned(form, integer(...form.integer, form)),
  ),
  normal: kind(
    "A normal number, by its mean and standard deviation, truncated to its bounds.",
    {
      normal: twoNumbers("give the mean and the standard deviation, such as [0, 1]"),
      bounds: lowAndHigh.describe("The smallest and the largest value."),
      step,
      ...common,
    },
    (form) => conditioned(form, onSteps(form, normal(...form.normal, form))),
  ),
  choice: kind("One of some options without an order.", { choice: values, ...common }, (form) =>
    conditioned(form, choice(...form.choice)),
  ),
  ordinal: kind(
    "One of some options in an order, such as 16, 32, 64.",
    { ordinal: values, ...common },
    (form) => conditioned(form, ordinal(...form.ordinal)),
  ),
  constant: kind(
    "A value that never changes, recorded with the others. Without a condition, write " +
      "just the value.",
    { constant: hyperparameterValue, ...common },
    (form) => conditioned(form, constant(form.constant)),
  ),
};

/** In a file `logUniform(1e-4, 1)`, the form of TypeScript, is a string. */
const call = new RegExp(
  `^(?!(${[...Object.keys(kinds), "quantized", "conditional", "inherited"].join("|")})\\()`,
);
const plainValue = z
  .union([z.number(), z.string().regex(call), z.boolean()])
  .describe("A value that never changes, recorded with the others.");

export const hyperparameterSchema = z.union([
  plainValue,
  ...Object.values(kinds).map(({ schema }) => schema),
]);

export function readHyperparameter(
  path: string,
  form: unknown,
  problems: Problem[],
): Declared | undefined {
  const words = {
    isNone: "is not a kind of hyperparameter",
    example:
      "a form such as { uniform: [0, 1] } or { choice: [sgd, adam] }, or a plain value " +
      "for a constant",
  };
  const plain = plainValue.safeParse(form);
  if (plain.success) return constant(plain.data);
  if (isMapping(form) || typeof form === "number")
    return readKind(path, form, kinds, words, problems);
  const problem = { path, value: show(form), rule: words.isNone, remedy: `give ${words.example}` };
  if (typeof form === "string") {
    const name = form.slice(0, form.indexOf("("));
    problem.rule = "is a string here";
    problem.remedy = Object.hasOwn(kinds, name)
      ? `write { ${name}: [...] }`
      : `write ${words.example}`;
  } else if (Array.isArray(form)) {
    const list = show(form);
    problem.remedy = `give { choice: ${list} }, or { ordinal: ${list} } when they have an order`;
  }
  problems.push(problem);
  return undefined;
}

function onSteps({ step }: { readonly step?: number }, declared: DeclaredNumber): DeclaredNumber {
  return step === undefined ? declared : quantized(declared, step);
}

function conditioned({ when, inherited: isOfWeights }: Common, kind: Declared): Declared {
  const declared = isOfWeights ? inherited(kind) : kind;
  if (when === undefined) return declared;
  const [[on, values]] = Object.entries(when) as [[string, z.output<typeof hyperparameterValue>]];
  return conditional(on, values, declared);
}
