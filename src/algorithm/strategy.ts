/**
 * A strategy is a pure function that a factory makes from options. The factory's definition is
 * data: files, settings, schemas, tables and messages are made from it. A strategy keeps its name
 * and options beside the function. So a run can record them, a command line can change one, and
 * all wrong options are reported together with the other mistakes of an experiment.
 */
import * as z from "zod/mini";
import { mistake, problemsOf } from "./mistake.ts";
import type { PopulationFacts } from "./population.ts";
import { BadInputError, type Problem } from "./problem.ts";
import { show } from "./show.ts";

type Options = { readonly [option: string]: unknown };

/** What a run records of a strategy. */
export interface StrategyDescription {
  readonly name: string;
  readonly options: Options;
}

/** What a strategy says of itself, besides its options. */
export interface About<Input, Output> {
  readonly name: string;
  /** What it does, in one sentence. */
  readonly summary: string;
  /** The option that is given without its name: the steps of `everySteps(200)`. */
  readonly leading?: string;
  /** The options that tables show. Needed if an option has no default. */
  readonly example?: Input;
  /** Whether it compares samples, which the trainer then has to report. */
  readonly comparesSamples?: (options: Output) => boolean;
  /** True when it takes a function, so that no file can hold it. */
  readonly needsCode?: boolean;
  /** True when it looks at more than the members' newest snapshots. */
  readonly readsHistory?: boolean;
  /**
   * What will not work, or was not shown to, in a population of this size and with so many
   * generations in a member's budget, if that is known; `clade check` says it after the name.
   */
  readonly warning?: (
    options: Output,
    population: number,
    generations: number | undefined,
  ) => string | undefined;
  /** The name of a member's group, where it divides a population of this size into groups. */
  readonly groupOf?: (
    options: Output,
    member: number,
    population: Pick<PopulationFacts, "size" | "generations">,
  ) => string | undefined;
}

export interface StrategyDefinition extends About<Options, never> {
  /** The schema of each option: its type, range and default, and what it is. */
  readonly options: z.core.$ZodShape;
}

/** A strategy that knows its name and options, and can be made again with others. */
export type DescribedStrategy<F> = F & {
  readonly description: StrategyDescription;
  readonly definition: StrategyDefinition;
  readonly problems: readonly Problem[];
  /** The same strategy with some options changed. */
  readonly with: (options: Options) => DescribedStrategy<F>;
};

/** Makes strategies of one kind from options, and describes them. */
export interface StrategyFactory<F> {
  readonly definition: StrategyDefinition;
  /** Makes the strategy from options by name, which may be wrong. */
  readonly from: (options?: unknown) => F;
}

type AnyFunction = (...values: never[]) => unknown;

/**
 * Makes a factory of strategies. With options that break the schema it returns a strategy that
 * carries the problems and throws them when called.
 */
export function strategy<Shape extends z.core.$ZodShape, F extends AnyFunction>(
  about: string | About<z.input<z.ZodMiniObject<Shape>>, z.output<z.ZodMiniObject<Shape>>>,
  shape: Shape,
  build: (options: z.output<z.ZodMiniObject<Shape>>) => F,
): ((options?: z.input<z.ZodMiniObject<Shape>>) => DescribedStrategy<F>) &
  StrategyFactory<DescribedStrategy<F>> {
  const definition = {
    ...(typeof about === "string" ? { name: about, summary: about } : about),
    options: shape,
  } as StrategyDefinition;
  const { name } = definition;
  const schema = z.strictObject(
    shape,
    mistake("must be an object", `give options by name, such as ${callOf(definition)}`),
  );
  const from = (options: unknown = {}): DescribedStrategy<F> => {
    const parsed = schema.safeParse(options);
    const problems = parsed.success
      ? []
      : problemsOf(parsed.error, options, `an option of ${name}`, Object.keys(shape));
    const apply = parsed.success
      ? build(parsed.data as z.output<z.ZodMiniObject<Shape>>)
      : ((() => {
          throw new BadInputError(problems);
        }) as unknown as F);
    const description = { name, options: (parsed.success ? parsed.data : options) as Options };
    const changed = (changes: object) => from({ ...(options as object), ...changes });
    return Object.assign(apply, { description, definition, problems, with: changed });
  };
  return asFactory(from as (options?: z.input<z.ZodMiniObject<Shape>>) => DescribedStrategy<F>, {
    definition,
    from,
  });
}

/** The same factory, called with its leading option and then an object of the others. */
export function withLeading<F, Call extends AnyFunction>(
  { definition, from }: StrategyFactory<F>,
  call: Call,
): Call & StrategyFactory<F> {
  return asFactory(call, { definition, from });
}

const factories = new WeakSet<AnyFunction>();

/** Marks the factory, so that `ready: everySteps`, without the call, is known as a mistake. */
function asFactory<Call extends AnyFunction, F>(
  call: Call,
  factory: StrategyFactory<F>,
): Call & StrategyFactory<F> {
  factories.add(call);
  Object.defineProperty(call, "name", { value: factory.definition.name });
  return Object.assign(call, factory);
}

/** The call that makes the strategy, such as `everySteps(200)` or `sequential({ ... })`. */
function callOf({ name, options, leading, example }: StrategyDefinition): string {
  const value = leading === undefined ? undefined : example?.[leading];
  if (value !== undefined)
    return `${name}(${typeof value === "function" ? value.name : show(value)})`;
  const first = Object.keys(options)[0];
  return first === undefined ? `${name}()` : `${name}({ ${first}: ... })`;
}

/** The name and options of a built-in strategy, or the name of a user's own function. */
export function describeStrategy(apply: AnyFunction): StrategyDescription {
  return isDescribed(apply) ? apply.description : { name: apply.name || "custom", options: {} };
}

/** Where messages say that a mistake is: "exploit", and the name that its function has. */
export function strategyPlace(part: string, apply: AnyFunction): string {
  const { name } = describeStrategy(apply);
  return name === part || name === "custom" ? part : `${part} ${name}`;
}

/** What a strategy was made from; undefined for a user's own function. */
export function definitionOf(apply: AnyFunction): StrategyDefinition | undefined {
  return isDescribed(apply) ? apply.definition : undefined;
}

/** Whether it compares samples; a user's own function does not say. */
export function comparesSamples(apply: AnyFunction): boolean {
  const { options } = describeStrategy(apply);
  return definitionOf(apply)?.comparesSamples?.(options as never) ?? false;
}

/** Whether it may look at the history: a user's own function may. */
export function readsHistory(apply: AnyFunction): boolean {
  const definition = definitionOf(apply);
  return definition ? definition.readsHistory === true : true;
}

export function strategyProblems(apply: AnyFunction): readonly Problem[] {
  if (factories.has(apply)) {
    const { name } = apply;
    const rule = "makes a strategy but is not one itself";
    return [{ path: "", value: name, rule, remedy: `call it: ${name}(...)` }];
  }
  return isDescribed(apply) ? apply.problems : [];
}

/** The strategy with some options changed; undefined for a user's own function, which has none. */
export function withOptions<F extends AnyFunction>(apply: F, options: Options): F | undefined {
  return isDescribed(apply) ? (apply.with(options) as unknown as F) : undefined;
}

function isDescribed(apply: AnyFunction): apply is DescribedStrategy<AnyFunction> {
  return "description" in apply && "problems" in apply;
}
