/**
 * A key names the kind of a form: `{ uniform: [0, 1], step: 0.1 }` is of the kind `uniform`, and
 * `step` is one of its options. A kind has a schema, which reads the form and is published as JSON
 * Schema. It makes what the same words in TypeScript make.
 */
import * as z from "zod";
import { described } from "../../algorithm/described.ts";
import { problemsOf } from "../../algorithm/mistake.ts";
import { nearest } from "../../algorithm/nearest.ts";
import type { Problem } from "../../algorithm/problem.ts";
import { show } from "../../algorithm/show.ts";

export interface Kind<T> {
  readonly schema: z.ZodObject;
  readonly make: (form: object) => T;
}

export type Kinds<T> = { readonly [name: string]: Kind<T> };

/** The first key of the shape is the kind itself. */
export function kind<Shape extends z.core.$ZodShape, T>(
  description: string,
  shape: Shape,
  make: (form: z.output<z.ZodObject<Shape>>) => T,
): Kind<T> {
  const [[name, named]] = Object.entries(shape) as [[string, z.core.$ZodType]];
  return {
    schema: z
      .strictObject({ ...shape, [name!]: described(description, named) })
      .describe(description),
    make: make as unknown as (form: object) => T,
  };
}

/** Words of messages: "is not a kind of hyperparameter", "give { uniform: [0, 1] }". */
interface Words {
  readonly isNone: string;
  readonly example: string;
}

/** Makes what a form means. Undefined when it means nothing, and then the problems say why. */
export function readKind<T>(
  path: string,
  form: unknown,
  kinds: Kinds<T>,
  { isNone, example }: Words,
  problems: Problem[],
): T | undefined {
  const problem = (rule: string, remedy: string, key?: string) => {
    const value = key === undefined ? form : (form as Record<string, unknown>)[key];
    problems.push({
      path: key === undefined ? path : `${path}.${key}`,
      value: show(value),
      rule,
      remedy,
    });
    return undefined;
  };
  if (!isMapping(form)) return problem(isNone, `give ${example}`);
  const named = Object.keys(form).filter((key) => Object.hasOwn(kinds, key));
  if (named.length > 1) return problem(`is both ${named.join(" and ")}`, "keep one of them");
  const name = named[0];
  if (name === undefined) {
    const options = Object.values(kinds).flatMap(({ schema }) => Object.keys(schema.shape));
    const unknown = Object.keys(form).find((key) => !options.includes(key));
    if (unknown === undefined) return problem(isNone, `give ${example}`);
    return problem(isNone, nearest(unknown, Object.keys(kinds)), unknown);
  }
  const { schema, make } = kinds[name]!;
  const parsed = schema.safeParse(form);
  if (parsed.success) return make(parsed.data);
  for (const issue of parsed.error.issues) {
    const inner = schemaAt(schema, issue.path);
    const known = inner instanceof z.ZodObject ? Object.keys(inner.shape) : [];
    const found = problemsOf(
      { issues: [issue] },
      form,
      `an option of ${name}`,
      known.filter((key) => key !== name),
    );
    problems.push(...found.map((each) => ({ ...each, path: `${path}.${each.path}` })));
  }
  return undefined;
}

export function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function schemaAt(schema: z.ZodObject, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (inner, key) => (inner instanceof z.ZodObject ? inner.shape[String(key)] : undefined),
    schema,
  );
}
