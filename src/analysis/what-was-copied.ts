import type { Decision } from "../algorithm/population-based-training.ts";
import { memberOf, type TreeSnapshot } from "../algorithm/snapshot.ts";
import type { GroupOf } from "../experiment/groups.ts";

/** "member 7", or "member 7 (fast)" in a population with groups. */
export function nameOf(member: number, groupOf: GroupOf): string {
  const group = groupOf(member);
  return group === undefined ? `member ${member}` : `member ${member} (${group})`;
}

/**
 * "member 7", "the weights of member 7", or "the weights of member 7 and the hyperparameters of
 * member 2". `after` is the snapshot that the decision made, where it is known.
 */
export function whatWasCopied(
  { donor, weights, hyperparameters }: Decision,
  after: TreeSnapshot | undefined,
  groupOf: GroupOf,
): string {
  const member = nameOf(memberOf(donor!), groupOf);
  if (!hyperparameters) return `the weights of ${member}`;
  if (!weights) return `the hyperparameters of ${member}`;
  if (after?.donor === undefined || after.donor === donor) return member;
  const other = nameOf(memberOf(after.donor), groupOf);
  return `the weights of ${member} and the hyperparameters of ${other}`;
}
