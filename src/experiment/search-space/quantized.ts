import { show } from "../../algorithm/show.ts";
import { isDeclared } from "./declared.ts";
import { type DeclaredNumber, declareNumber } from "./numeric.ts";

/**
 * Another numeric kind, rounded to whole multiples of `step`: `quantized(uniform(0, 0.5), 0.05)`.
 * A move is at least one step.
 */
export function quantized(inner: DeclaredNumber, step: number): DeclaredNumber {
  const numeric = inner?.numeric as DeclaredNumber["numeric"] | undefined;
  if (!numeric) return mistaken(inner, step);
  const wrong =
    numeric.grid === undefined
      ? []
      : [{ rule: "the values are on a grid already", remedy: "leave out quantized" }];
  const declared = declareNumber({
    ...numeric,
    written: `quantized(${inner.written}, ${show(step)})`,
    // NaN when a program without types leaves it out, so that it is reported.
    grid: step ?? Number.NaN,
    mistakes: [...(numeric.mistakes ?? []), ...wrong],
  });
  return inner.inherited ? { ...declared, inherited: true } : declared;
}

/**
 * What a program without types may have quantized, such as a choice. A declaration never throws.
 */
function mistaken(inner: unknown, step: number): DeclaredNumber {
  const what = isDeclared(inner) ? inner.written : show(inner);
  return declareNumber({
    written: `quantized(${what}, ${show(step)})`,
    prior: { low: 0, high: 1, draw: () => 0 },
    bounds: undefined,
    scale: "linear",
    mistakes: [
      {
        rule: "only numbers can be quantized",
        remedy: "quantize uniform(...), logUniform(...), nearOne(...) or normal(...)",
      },
    ],
  });
}
