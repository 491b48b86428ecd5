import type { Decision } from "../algorithm/population-based-training.ts";

/** Which decisions to read. `notable` leaves out those after which a member simply continued. */
export interface DecisionQuery {
  readonly member?: number;
  readonly notable?: boolean;
}

/** The number of each kind. A kind without any may be absent. */
export type DecisionCounts = { readonly [kind in Decision["kind"]]?: number };

/** The beginning of a reason's JSON, as the stores' SQL sees it. */
export const recoveredLike = '{"text":"recovered%';

/** The member went back to an older snapshot of its own. */
export function isRecovery({ kind, reason }: Decision): boolean {
  return kind === "keep" && reason.text.startsWith("recovered");
}

/** Anything other than a member continuing with its own weights. */
export function isNotable(decision: Decision): boolean {
  return decision.kind !== "keep" || isRecovery(decision);
}
