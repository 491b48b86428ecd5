import { show } from "../../algorithm/strategy.ts";
import { type DeclaredNumber, declareNumber } from "./numeric.ts";

/** Another numeric kind, rounded to whole multiples of `step`: `quantized(uniform(0, 0.5), 0.05)`. A move is at least one step. */
export function quantized(inner: DeclaredNumber, step: number): DeclaredNumber {
  const { numeric } = inner;
  const wrong =
    numeric.grid === undefined
      ? []
      : [{ rule: "the values are on a grid already", remedy: "leave out quantized" }];
  return declareNumber({
    ...numeric,
    written: `quantized(${inner.written}, ${show(step)})`,
    grid: step,
    mistakes: [...(numeric.mistakes ?? []), ...wrong],
  });
}
