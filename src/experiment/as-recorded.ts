import { builtInStrategies } from "../algorithm/built-in-strategies.ts";
import type { StrategyDescription } from "../algorithm/strategy.ts";
import { type StrategyPart, strategyParts } from "../algorithm/strategy-parts.ts";
import type { ExperimentDeclaration } from "./declaration.ts";

/**
 * The declaration with the strategies of a run where it names none: a run keeps the defaults that
 * it began with.
 */
export function asRecorded(
  declaration: ExperimentDeclaration,
  recorded: Readonly<Record<StrategyPart, StrategyDescription>>,
): ExperimentDeclaration {
  const kept = strategyParts.flatMap((part) => {
    const { name, options } = recorded[part];
    const factory = builtInStrategies[part].find(({ definition }) => definition.name === name);
    return factory && declaration[part] === undefined ? [[part, factory.from(options)]] : [];
  });
  return { ...declaration, ...Object.fromEntries(kept) };
}
