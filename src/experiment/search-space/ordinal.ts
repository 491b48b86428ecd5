import type { HyperparameterValue } from "../../algorithm/snapshot.ts";
import { listMistakes } from "./choice.ts";
import { type Declared, written } from "./declared.ts";

/**
 * One of some options in an order, such as 16, 32, 64. A factor above 1 moves to the next, below 1
 * to the one before; at an end the move turns around.
 */
export function ordinal<const T extends readonly HyperparameterValue[]>(
  ...options: T
): Declared<T[number]> {
  const admits = (value: unknown): value is T[number] => options.includes(value as T[number]);
  return {
    written: written("ordinal", options),
    mistakes: listMistakes(options),
    sample: (random) => random.pick(options),
    perturb(value, factor) {
      const index = options.indexOf(value);
      const step = factor > 1 ? 1 : -1;
      return options[index + step] ?? options[index - step] ?? value;
    },
    order: (value) => options.indexOf(value) / Math.max(1, options.length - 1),
    admits,
    nearest: (value) => (admits(value) ? value : undefined),
  };
}
