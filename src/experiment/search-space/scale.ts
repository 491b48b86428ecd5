import type { Declared } from "./declared.ts";
import type { DeclaredNumber } from "./numeric.ts";

/** Numbers on a linear or a log scale, or categories, which have no distance. */
export type Scale = "linear" | "log" | "categories";

/** The scale on which a hyperparameter is drawn in figures. */
export function scaleOf(declared: Declared): Scale {
  const scale = (declared as Partial<DeclaredNumber>).numeric?.scale ?? "categories";
  return scale === "nearOne" ? "linear" : scale;
}
