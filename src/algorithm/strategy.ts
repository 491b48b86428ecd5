/**
 * A strategy is a pure function made by a factory from options. The factory keeps the strategy's
 * name and options beside the function, so that a run can record what it was made with, a command
 * line can change one option, and every wrong option is reported together with the other mistakes
 * of an experiment instead of one exception at a time.
 */
import { z } from "zod";
import { mistake, problemsOf } from "./mistake.ts";
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

/**
 * Makes a factory of strategies. With options that break the schema it returns a strategy that
 * carries the problems and throws them when called.
 */
export function strategy<Shape extends z.ZodRawShape, F extends AnyFunction>(
  name: string,
  shape: Shape,
  build: (options: z.output<z.ZodObject<Shape>>) => F,
): ((options?: z.input<z.ZodObject<Shape>>) => Described<F>) & { readonly shape: Shape } {
  const first = Object.keys(shape)[0];
  const example = first === undefined ? `${name}()` : `${name}({ ${first}: ... })`;
  const schema = z.strictObject(
    shape,
    mistake("must be an object", `give options by name, such as ${example}`),
  );
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
  return Object.assign(asFactory(Object.defineProperty(make, "name", { value: name })), { shape });
}

const factories = new WeakSet<AnyFunction>();

/**
 * Marks what makes a strategy, so that `ready: everySteps`, with the call forgotten, is told from
 * a user's own function.
 */
export function asFactory<F extends AnyFunction>(make: F): F {
  factories.add(make);
  return make;
}

/** The name and options of a built-in strategy, or the name of a user's own function. */
export function describeStrategy(apply: AnyFunction): StrategyDescription {
  return isDescribed(apply) ? apply.description : { name: apply.name || "custom", options: {} };
}

export function strategyProblems(apply: AnyFunction): readonly Problem[] {
  if (factories.has(apply)) {
    const { name } = apply;
    return [
      {
        path: "",
        value: name,
        rule: "makes a strategy and is none",
        remedy: `call it: ${name}(...)`,
      },
    ];
  }
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
