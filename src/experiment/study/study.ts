/**
 * A study: variants of one experiment, each with several seeds, run so that they can be compared.
 * It is plain data, in a YAML or JSON file or through `defineStudy` in TypeScript.
 */
import * as z from "zod";
import { mistake, problemsOf } from "../../algorithm/mistake.ts";
import { nearest } from "../../algorithm/nearest.ts";
import { BadInputError, type Problem } from "../../algorithm/problem.ts";
import { show } from "../../algorithm/show.ts";
import type { Experiment } from "../experiment.ts";
import { baselines } from "./baselines.ts";

const namePattern = /^[A-Za-z0-9][\w.-]*$/;
/** Runs have both names in their ids. */
const maxNameLength = 80;
const name = z
  .string(mistake("must be a string", "give a name"))
  .regex(
    namePattern,
    mistake(
      "may have letters, digits, dots, dashes and underscores only",
      'use a name such as "sizes"',
    ),
  )
  .max(
    maxNameLength,
    mistake(`must have at most ${maxNameLength} characters`, "give a shorter name"),
  );
const maxSeeds = 10_000;
const seed = z
  .int(mistake("must be a whole number", "give a seed such as 1"))
  .min(0, mistake("must be at least 0", "give a seed such as 1"));
const settings = z.record(
  z.string(),
  z.unknown(),
  mistake(
    "must be a baseline's name or settings",
    "give for example random-search or { population: 20 }",
  ),
);
const variant = z.union(
  [z.string(), settings],
  mistake(
    "must be a baseline's name or settings",
    "give for example random-search or { population: 20 }",
  ),
);

const studyShape = {
  name: name.describe("Names the study and its runs."),
  experiment: z
    .string(mistake("must be a path", "give that of the experiment's file"))
    .describe("The experiment's file, beside this one."),
  seeds: z
    .union(
      [
        z
          .int()
          .min(1, mistake("must be at least 1", "give how many, such as 5"))
          .max(maxSeeds, mistake("must be at most 10,000", "give how many, such as 5")),
        z.array(seed).min(1, mistake("is empty", "give seeds such as [1, 2, 3, 4, 5]")),
      ],
      mistake("must be a whole number or a list of them", "give how many, such as 5"),
    )
    .describe("How many seeds, counted from 1, or which."),
  settings: settings.optional().describe("Settings of every variant."),
  variants: z
    .record(z.string(), variant, mistake("must be an object", "give variants by name"))
    .optional()
    .describe(
      "By name: settings, a baseline's name, { fixed: hyperparameters }, { replay: " +
        "variant } or { final: variant }. Default: pbt, the experiment as it is.",
    ),
  grid: z
    .record(
      z.string(),
      z
        .array(z.unknown(), mistake("must be a list", "give values such as [5, 10, 20]"))
        .min(1, mistake("is empty", "give values such as [5, 10, 20]")),
      mistake("must be an object", "give lists of values by setting"),
    )
    .optional()
    .describe("Values by setting; every variant is run with every combination of them."),
  baseline: z
    .string(mistake("must be a string", "name a variant"))
    .optional()
    .describe("The variant that the others are compared with."),
};

const schema = z.strictObject(
  studyShape,
  mistake("must be an object", "give name, experiment, seeds and variants"),
);

/** The JSON Schema of a study file (draft-07), made from what it is read with. */
export function studyJsonSchema(): object {
  const file = z
    .strictObject({
      $schema: z.string().describe("Where this schema is, for editors.").optional(),
      ...studyShape,
    })
    .describe("Variants of a Clade experiment that are run with several seeds and compared.");
  return z.toJSONSchema(file, { target: "draft-7", io: "input" });
}

/** What a user declares of a study: an experiment, its variants and seeds. */
export interface StudyDeclaration extends Omit<z.input<typeof schema>, "experiment"> {
  /** The experiment's file, beside the study's own; in a program also an experiment. */
  readonly experiment: string | Experiment;
}

/** What a variant is made of, besides the settings that it changes. */
export interface Variant {
  readonly method: string;
  readonly settings: { readonly [path: string]: unknown };
  readonly baseline?: string;
  readonly fixed?: { readonly [name: string]: unknown };
  /**
   * Fresh models are trained with the schedule, or the last hyperparameters, of this variant's
   * best model.
   */
  readonly follows?: { readonly method: string; readonly what: "replay" | "final" };
}

/** A declaration without problems, with every default filled in. */
export interface Study {
  readonly name: string;
  readonly experiment: string | Experiment;
  readonly seeds: readonly number[];
  readonly settings: { readonly [path: string]: unknown };
  /** A variant comes after the one that it follows. */
  readonly variants: readonly Variant[];
  readonly grid: { readonly [path: string]: readonly unknown[] };
  readonly baseline: string | undefined;
}

/**
 * Checks a declaration as a whole. Throws a `BadInputError` with every mistake that shows without
 * the experiment.
 */
export function defineStudy(declaration: StudyDeclaration): Study {
  const given = declaration?.experiment;
  const isInHand = typeof given === "object" && given?.declaration !== undefined;
  const parsed = schema.safeParse(
    isInHand ? { ...declaration, experiment: given.name } : declaration,
  );
  if (!parsed.success)
    throw new BadInputError(
      problemsOf(parsed.error, declaration, "a part of a study", Object.keys(studyShape)),
    );
  const {
    seeds,
    settings = {},
    variants = { pbt: {} },
    grid = {},
    baseline,
    ...rest
  } = parsed.data;
  const problems: Problem[] = [];
  const read = Object.entries(variants).map(([method, form]) =>
    readVariant(method, form, problems),
  );
  for (const { method, follows } of read) {
    if (!follows) continue;
    const path = `variants.${method}.${follows.what}`;
    const known = read.filter((other) => !other.follows).map((other) => other.method);
    if (!known.includes(follows.method)) {
      const rule = "is not a variant of this study with a result of its own";
      problems.push({
        path,
        value: show(follows.method),
        rule,
        remedy: nearest(follows.method, known),
      });
    }
  }
  if (baseline !== undefined && !Object.hasOwn(variants, baseline)) {
    const rule = "is not a variant of this study";
    const remedy = nearest(baseline, Object.keys(variants));
    problems.push({ path: "baseline", value: show(baseline), rule, remedy });
  }
  if (problems.length > 0) throw new BadInputError(problems);
  return {
    ...rest,
    ...(isInHand && { experiment: given }),
    seeds:
      typeof seeds === "number"
        ? Array.from({ length: seeds }, (_, index) => index + 1)
        : [...new Set(seeds)],
    settings,
    variants: [
      ...read.filter(({ follows }) => !follows),
      ...read.filter(({ follows }) => follows),
    ],
    grid,
    baseline,
  };
}

function readVariant(method: string, form: string | object, problems: Problem[]): Variant {
  const isBaseline = (value: string) => Object.hasOwn(baselines, value);
  if (!namePattern.test(method)) {
    const rule = "a variant's name may have letters, digits, dots, dashes and underscores only";
    problems.push({
      path: "variants",
      value: show(method),
      rule,
      remedy: 'use a name such as "t-test"',
    });
  } else if (method.length > maxNameLength) {
    const rule = `a variant's name must have at most ${maxNameLength} characters`;
    problems.push({ path: "variants", value: method, rule, remedy: "give a shorter one" });
  }
  if (typeof form === "string") {
    if (!isBaseline(form)) {
      const remedy = nearest(form, Object.keys(baselines));
      problems.push({
        path: `variants.${method}`,
        value: show(form),
        rule: "is not a baseline",
        remedy,
      });
    }
    return { method, settings: {}, baseline: form };
  }
  const { fixed, replay, final, ...settings } = form as Record<string, unknown>;
  const kinds = Object.entries({ fixed, replay, final }).filter(
    ([, value]) => value !== undefined,
  );
  if (kinds.length > 1) {
    const rule = `is both ${kinds.map(([kind]) => kind).join(" and ")}`;
    problems.push({
      path: `variants.${method}`,
      value: show(form),
      rule,
      remedy: "keep one of them",
    });
  }
  if (fixed !== undefined) {
    const isMapping = typeof fixed === "object" && fixed !== null && !Array.isArray(fixed);
    if (isMapping) return { method, settings, fixed: fixed as Record<string, unknown> };
    const rule = "must be an object";
    problems.push({
      path: `variants.${method}.fixed`,
      value: show(fixed),
      rule,
      remedy: "give values by name",
    });
  }
  const [kind] = kinds;
  if (!kind || kind[0] === "fixed") return { method, settings };
  const what = kind[0] as "replay" | "final";
  return { method, settings, follows: { method: String(kind[1]), what } };
}
