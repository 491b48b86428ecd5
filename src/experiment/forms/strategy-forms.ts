/**
 * The built-in strategies as plain data, for files and settings: `{ truncationSelection: {
 * fraction: 0.25 } }`, or the name alone for its defaults. A strategy with a leading option has
 * the others beside it: `{ everySteps: 200, burnInSteps: 1000 }`.
 */
import * as z from "zod";
import { builtInStrategies } from "../../algorithm/built-in-strategies.ts";
import { mistake } from "../../algorithm/mistake.ts";
import { nearest } from "../../algorithm/nearest.ts";
import type { Problem } from "../../algorithm/problem.ts";
import { show } from "../../algorithm/show.ts";
import type { StrategyDefinition, StrategyFactory } from "../../algorithm/strategy.ts";
import type { StrategyPart } from "../../algorithm/strategy-parts.ts";
import { type Kind, type Kinds, kind, readKind } from "./kind.ts";

interface StrategyForms<F> {
  readonly schema: z.ZodType;
  /** The strategies that have a leading option. */
  readonly leading: readonly string[];
  /** Undefined when the form means no strategy, and then the problems say why. */
  readonly read: (form: unknown, problems: Problem[]) => F | undefined;
}

export const strategyForms = {
  ready: formsOf("ready", builtInStrategies.ready),
  exploit: formsOf("exploit", builtInStrategies.exploit),
  explore: formsOf("explore", builtInStrategies.explore),
} as const;

/** The form of a strategy with these options. */
export function formOf(
  { name, leading }: StrategyDefinition,
  options: { readonly [option: string]: unknown },
): object {
  if (leading === undefined) return { [name]: options };
  const { [leading]: value, ...others } = options;
  return { [name]: value, ...others };
}

function formsOf<F>(
  part: StrategyPart,
  strategies: readonly StrategyFactory<F>[],
): StrategyForms<F> {
  const given = strategies.filter(({ definition }) => !definition.needsCode);
  const kinds: Kinds<F> = Object.fromEntries(
    given.map((factory) => [factory.definition.name, kindOf(factory)]),
  );
  const names = Object.keys(kinds);
  const alone = names.filter((name) => kinds[name]!.schema.safeParse({ [name]: {} }).success);
  const words =
    alone.length > 0
      ? { isNone: `is not a built-in ${part} strategy`, example: `one of ${names.join(", ")}` }
      : { isNone: `is not a ${part} strategy`, example: examplesOf(given) };
  return {
    schema: z.union([
      ...alone.map((name) => z.literal(name).describe(kinds[name]!.schema.description!)),
      ...Object.values(kinds).map(({ schema }) => schema),
    ]),
    leading: given.flatMap(({ definition: { name, leading } }) => (leading ? [name] : [])),
    read(form, problems) {
      if (typeof form !== "string" || alone.length === 0)
        return readKind(part, form, kinds, words, problems);
      if (names.includes(form)) return readKind(part, { [form]: {} }, kinds, words, problems);
      const remedy = nearest(form, names);
      problems.push({ path: part, value: show(form), rule: words.isNone, remedy });
      return undefined;
    },
  };
}

function kindOf<F>({ definition, from }: StrategyFactory<F>): Kind<F> {
  const { name, summary, options, leading } = definition;
  if (leading !== undefined) {
    const { [leading]: value, ...others } = options;
    return kind(summary, { [name]: value!, ...others }, ({ [name]: given, ...rest }) =>
      from({ [leading]: given, ...rest }),
    );
  }
  const first = Object.keys(options)[0];
  const example = first === undefined ? "{}" : `options by name, such as { ${first}: ... }`;
  const schema = z.strictObject(options, mistake("must be an object", `give ${example}`));
  return kind(summary, { [name]: schema }, (form) => from(form[name]));
}

/** "{ everySteps: 200 } or { everySeconds: 30 }". */
function examplesOf(strategies: readonly StrategyFactory<unknown>[]): string {
  const forms = strategies.map(({ definition }) => show(formOf(definition, definition.example!)));
  return `${forms.slice(0, -1).join(", ")} or ${forms.at(-1)}`;
}
