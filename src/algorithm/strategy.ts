/**
 * A strategy is a pure function made by a factory from options. The factory keeps the strategy's name and options beside the
 * function, so that a run can record what it was made with, a command line can change one option, and every wrong
 * option is reported together with the other mistakes of an experiment instead of one exception at a time.
 */
import { z } from "zod";
import { nearest } from "./nearest.ts";
import { BadInputError, type Problem } from "./problem.ts";

export interface StrategyDescription {
  readonly name: string;
  readonly options: { readonly [option: string]: unknown };
}

type Described<F> = F & {
  readonly description: StrategyDescription;
  readonly problems: readonly Problem[];
  /** The same strategy with some options changed. */
  readonly with: (options: { readonly [option: string]: unknown }) => Described<F>;
};

type AnyFunction = (...values: never[]) => unknown;

/** Makes a factory of strategies. With options that break the schema it returns a strategy that carries the problems and throws them when called. */
export function strategy<Shape extends z.ZodRawShape, F extends AnyFunction>(
  name: string,
  shape: Shape,
  build: (options: z.output<z.ZodObject<Shape>>) => F,
): (options?: z.input<z.ZodObject<Shape>>) => Described<F> {
  const schema = z.strictObject(shape);
  const make = (options: unknown = {}): Described<F> => {
    const parsed = schema.safeParse(options);
    const problems = parsed.success
      ? []
      : problemsOf(parsed.error, options, `an option of ${name}`, Object.keys(shape));
    const apply = parsed.success
      ? build(parsed.data as z.output<z.ZodObject<Shape>>)
      : ((() => {
          throw new BadInputError(problems);
        }) as unknown as F);
    const description = {
      name,
      options: (parsed.success ? parsed.data : options) as Record<string, unknown>,
    };
    const changed = (changes: object) => make({ ...(options as object), ...changes });
    return Object.assign(apply, { description, problems, with: changed });
  };
  return make;
}

/** The name and options of a built-in strategy, or the name of a user's own function. */
export function describeStrategy(apply: AnyFunction): StrategyDescription {
  return isDescribed(apply) ? apply.description : { name: apply.name || "custom", options: {} };
}

export function strategyProblems(apply: AnyFunction): readonly Problem[] {
  return isDescribed(apply) ? apply.problems : [];
}

/** The strategy with some options changed; undefined for a user's own function, which has none. */
export function withOptions<F extends AnyFunction>(
  apply: F,
  options: Record<string, unknown>,
): F | undefined {
  return isDescribed(apply) ? (apply.with(options) as unknown as F) : undefined;
}

function isDescribed(apply: AnyFunction): apply is Described<AnyFunction> {
  return "description" in apply && "problems" in apply;
}

/** Zod's issues as problems. A schema's own messages have the form "rule; remedy". */
export function problemsOf(
  error: z.ZodError,
  input: unknown,
  what: string,
  known: readonly string[],
): readonly Problem[] {
  return error.issues.flatMap((issue) => {
    if (issue.code === "unrecognized_keys") {
      return issue.keys.map((key) => ({
        path: [...issue.path, key].join("."),
        value: show(valueAt(input, [...issue.path, key])),
        rule: `is not ${what}`,
        remedy: nearest(key, known),
      }));
    }
    const [rule, remedy] = issue.message.split("; ");
    return [
      {
        path: issue.path.join("."),
        value: show(valueAt(input, issue.path)),
        rule: rule!,
        remedy: remedy ?? "correct the value",
      },
    ];
  });
}

function valueAt(input: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (value, key) => (value as Record<PropertyKey, unknown> | undefined)?.[key],
    input,
  );
}

/** A value as it would be written in an experiment file. */
export function show(value: unknown): string {
  if (typeof value === "function") return value.name === "" ? "a function" : `the function ${value.name}`;
  if (typeof value === "number" || value === undefined) return String(value);
  return JSON.stringify(value) ?? String(value);
}
