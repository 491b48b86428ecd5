/**
 * The PyTorch digits over seeds: PBT against selection only and random search with the same seeds
 * and total steps, and against one network with settings by hand. The best member is chosen by
 * validation accuracy, and reported by its accuracy on the test digits, which steer nothing. Needs
 * the Python client and PyTorch in `python3`, or in the Python that PYTHON names.
 *
 *     npx node benchmarks/pytorch-digits.ts [--seeds 6] [--from 11]
 */
import { difference, interval, meanOf, PyTorchStudy } from "./pytorch-study.ts";
import { option } from "./reference/option.ts";
import { table, writeResults } from "./results-file.ts";

const [count, from] = [option("seeds", 6), option("from", 11)];
const seeds = Array.from({ length: count }, (_, index) => from + index);
using study = new PyTorchStudy();
const searchers = [
  { name: "PBT", settings: [] },
  { name: "selection only", settings: ["--set", "explore=noExplore"] },
  { name: "random search", settings: ["--set", "exploit=noExploit"] },
];
const byHand = [
  { name: "one network by hand, 4,000 steps", steps: 4000 },
  { name: "one network by hand, 32,000 steps", steps: 32_000 },
];

const found = searchers.map((searcher) => ({
  ...searcher,
  values: [] as number[],
  seconds: [] as number[],
}));
const starts = new Set<number>();
for (const seed of seeds) {
  for (const { name, settings, values, seconds } of found) {
    const { result, starts: started } = study.run("digits.yaml", seed, settings);
    values.push(percentage(result.best!.metrics.test_accuracy!));
    seconds.push(result.seconds);
    starts.add(started);
    console.error(
      `seed ${seed}, ${name}: ${values.at(-1)!.toFixed(2)} in ${result.seconds.toFixed(0)} ` +
        `s, ${started} starts`,
    );
  }
}
const alone: { name: string; values: number[] }[] = [];
for (const { name, steps } of byHand) {
  const values: number[] = [];
  for (let first = 0; first < seeds.length; first += 2) {
    const pair = seeds.slice(first, first + 2).map(async (seed) => {
      const words = ["--seed", `${seed}`, "--steps", `${steps}`, "--evaluate-every", `${steps}`];
      return percentage(await study.alone("digits.py", words, "test_accuracy"));
    });
    values.push(...(await Promise.all(pair)));
  }
  alone.push({ name, values });
}

const [pbt, ...others] = [...found, ...alone];
const rows = [pbt!, ...others].map(({ name, values }) => [
  name,
  ...values.map((value) => value.toFixed(2)),
  interval(values, 2),
]);
const spent = found
  .map(({ name, seconds }) => `${name} ${meanOf(seconds).toFixed(0)} s`)
  .join(", ");
writeResults("pytorch-digits", "The PyTorch digits over seeds: test accuracy in %", [
  "8 members, 4,000 steps each, 2 workers; mean with its 95% interval over seeds. " +
    `${study.versions}.`,
  table(["", ...seeds.map((seed) => `seed ${seed}`), "mean"], rows),
  others
    .map(
      ({ name, values }) =>
        `- PBT minus ${name}, seed by seed: ${difference(pbt!.values, values, 2)}.`,
    )
    .join("\n"),
  `A run took, on average: ${spent}. Python was started ${[...starts].join(" or ")} times ` +
    "in each: once to try the trainer before the run, then once for each worker.",
  "By hand means the defaults of digits.py, constant. A learning rate lowered by hand along " +
    "a good schedule was not compared. The test digits are 497, each drawn " +
    "about four times: an interval over seeds does not cover what other digits would change.",
]);

function percentage(share: number): number {
  return 100 * share;
}
