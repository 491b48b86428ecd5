/**
 * Generations of a trainer that keeps a core busy: one worker in the program's thread beside two
 * threads, one after the other and again, on the same experiment.
 *
 *     npx node benchmarks/threads.ts [--rounds 3]
 */
import { cpus } from "node:os";
import { fileURLToPath } from "node:url";
import { run } from "clade";
import { median } from "./reference/agreement.ts";
import { option } from "./reference/option.ts";
import { table, writeResults } from "./results-file.ts";
import experiment from "./threads/busy.ts";

const rounds = option("rounds", 3);
const module = fileURLToPath(new URL("./threads/busy.ts", import.meta.url));
const generations = experiment.population * experiment.budget.stepsPerMember!;

async function perSecond(options: object): Promise<number> {
  const began = performance.now();
  await run(experiment, { seed: 1, ...options });
  return generations / ((performance.now() - began) / 1000);
}

const one: number[] = [];
const two: number[] = [];
for (let round = 0; round < rounds; round++) {
  one.push(await perSecond({}));
  two.push(await perSecond({ threads: 2, module }));
}
const ratios = two.map((value, round) => value / one[round]!);
const row = (name: string, values: readonly number[], digits: number) => [
  name,
  ...[median(values), Math.min(...values), Math.max(...values)].map((value) =>
    value.toFixed(digits),
  ),
];
writeResults("threads", "Two threads beside one worker", [
  `${generations} generations of ${experiment.population} members, each of about ` +
    `${(1000 / median(one)).toFixed(0)} ms of arithmetic, stores in memory, ${cpus().length} ` +
    "cores. A run in threads includes their start.",
  table(
    ["", "median", "least", "most"],
    [
      row("generations a second, one worker", one, 1),
      row("generations a second, two threads", two, 1),
      row("ratio, round by round", ratios, 2),
    ],
  ),
]);
