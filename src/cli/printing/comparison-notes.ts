import type { ComparedVariant, Comparison } from "../../analysis/comparison/compare.ts";
import { count, plural } from "../../report/words.ts";

/**
 * What to know about a comparison besides its numbers: what was left out, what was unequal, what
 * was corrected for.
 */
export function comparisonNotes(comparison: Comparison): readonly string[] {
  const { metric, isChoice, comparisons, leftOut, variants } = comparison;
  const lines = leftOut.map(({ run, reason }) => `run ${run} is left out: it ${reason}`);
  for (const variant of variants) lines.push(...budgetNotes(variant));
  if (comparisons > 1)
    lines.push(
      `verdicts are corrected for ${comparisons} comparisons: their intervals all hold at once ` +
        "in 95% of studies (Bonferroni); the table's intervals are not",
    );
  else if (comparisons === 1) lines.push("1 comparison, so there is nothing to correct for");
  if (isChoice)
    lines.push(
      `the best models were chosen by ${metric}, so it is slightly too good; ` +
        "let the trainer report a metric of data that is not used for selection, " +
        "and name it with --metric",
    );
  return lines;
}

function budgetNotes({ name, runs }: ComparedVariant): readonly string[] {
  const others = runs
    .filter(({ hasOtherBudget }) => hasOtherBudget)
    .map(
      ({ run, totalSteps }) =>
        `run ${run} counts, but trained ${count(totalSteps)} steps, ` +
        `unlike the other seeds of ${name}`,
    );
  const paused = runs.filter(({ seconds }) => seconds === undefined).map(({ run }) => run);
  if (paused.length === 0) return others;
  const those = `${plural(paused.length, "run")} of ${name}`;
  const have = paused.length === 1 ? "has" : "have";
  return [
    ...others,
    `${those} paused in between, and ${have} no comparable wall time: ${paused.join(", ")}`,
  ];
}
