import type { Declared } from "./declared.ts";
import type { DeclaredNumber } from "./numeric.ts";

/** Numbers on a linear or a log scale, or categories, which have no distance. */
export type Scale = "linear" | "log" | "categories";

/** The scale on which a hyperparameter moves, and on which it is drawn in figures. */
export function scaleOf(declared: Declared): Scale {
  return (declared as Partial<DeclaredNumber>).numeric?.scale ?? "categories";
}
