import type { Decision } from "../algorithm/population-based-training.ts";

/** Which decisions are wanted. `notable` leaves out those after which a member simply went on. */
export interface DecisionQuery {
  readonly member?: number;
  readonly notable?: boolean;
}

/** How many there are of each kind; those that there are none of may be absent. */
export type DecisionCounts = { readonly [kind in Decision["kind"]]?: number };

/** As the stores' SQL: the beginning of the JSON of a reason. */
export const recoveredLike = '{"text":"recovered%';

/** The member went back to an older snapshot of its own. */
export function isRecovery({ kind, reason }: Decision): boolean {
  return kind === "keep" && reason.text.startsWith("recovered");
}

/** Something else happened than that a member went on with its own weights. */
export function isNotable(decision: Decision): boolean {
  return decision.kind !== "keep" || isRecovery(decision);
}
