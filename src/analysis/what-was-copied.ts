import type { Decision } from "../algorithm/population-based-training.ts";
import { memberOf, type TreeSnapshot } from "../algorithm/snapshot.ts";

/**
 * "member 7", "member 7 (weights only)" or "the weights of member 7 and the hyperparameters of
 * member 2". `after` is the snapshot that the decision made, where it is known.
 */
export function whatWasCopied(
  { donor, weights, hyperparameters }: Decision,
  after: TreeSnapshot | undefined,
): string {
  const member = `member ${memberOf(donor!)}`;
  if (!hyperparameters) return `${member} (weights only)`;
  if (!weights) return `${member} (hyperparameters only)`;
  if (after?.donor === undefined || after.donor === donor) return member;
  return `the weights of ${member} and the hyperparameters of member ${memberOf(after.donor)}`;
}
