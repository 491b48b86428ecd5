/**
 * Deceptive with shorter generations, more of them, and as much less penalty for each: what a
 * short gain costs in a long budget. The lead that the default asks for is compared with others.
 *
 *     npx node benchmarks/long-budgets.ts [--seeds 60]
 */
import { lead, noExploit, noExplore, perturb, truncationSelection } from "clade";
import { median, quantile } from "./reference/agreement.ts";
import { overSeeds } from "./reference/finished-run.ts";
import { option } from "./reference/option.ts";
import { table, writeResults } from "./results-file.ts";
import { type Choices, horizon, triangle } from "./strategies/tasks.ts";

const seeds = option("seeds", 60);
const sizes = [4, 8, 16, 24];

/** The usual budget has 50 generations. */
const budgets = [100, 200] as const;
const deceptive = budgets.map((generations) => ({
  generations,
  task: horizon(`${generations} generations`, 10 / generations, (share) => 1 - share, {
    steps: 1000 / generations,
  }),
}));
const t3 = { generations: 200, task: triangle("T3, steps (200 generations)") };

const strategies: Readonly<Record<string, (generations: number, size: number) => Choices>> = {
  "the default: R ** 1.25": () => ({}),
  ...Object.fromEntries(
    [1, 1.15, 1.5].map((power) => [
      `lead, R ** ${power}`,
      (generations: number, size: number) => {
        const asked = (generations / 50) ** power;
        return { exploit: lead({ generations: size < 8 ? Math.sqrt(asked) : asked }) };
      },
    ]),
  ),
  "truncationSelection(), perturb() (the paper)": () => ({
    exploit: truncationSelection(),
    explore: perturb(),
  }),
  "random search": () => ({ exploit: noExploit(), explore: noExplore() }),
};

const rows: string[][] = [];
for (const [name, choices] of Object.entries(strategies))
  for (const size of sizes) {
    const cells = [name, `${size}`];
    for (const { generations, task } of [...deceptive, t3]) {
      const runs = await overSeeds(seeds, task.of(choices(generations, size), size), 1);
      const values = runs.map(task.result);
      // Fewer steps are better, and more of Q.
      const tail = quantile(task === t3.task ? 0.9 : 0.1)(values);
      cells.push(`${median(values).toFixed(task.digits)} (${tail.toFixed(task.digits)})`);
    }
    rows.push(cells);
  }

writeResults("long-budgets", `Budgets of many generations, ${seeds} seeds`, [
  "Medians, and in brackets what one run in ten is worse than. R is the number of generations " +
    "in the budget, in 50s. The lead is that of populations of 8 and more; with 4 members its " +
    "root is asked for. Columns are final Q on Deceptive (more is better; 1.2 is the most), and " +
    "the steps until the first member of T3 is done.",
  table(["strategy", "members", ...[...deceptive, t3].map(({ task }) => task.name)], rows),
]);
