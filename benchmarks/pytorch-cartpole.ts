/**
 * The PyTorch CartPole over seeds: PBT against random search with the same seeds and total steps,
 * and against one policy with settings by hand. The best member is chosen by its return in fresh
 * episodes, and reported by its return in others, which steer nothing. Needs the Python client,
 * PyTorch and Gymnasium in `python3`, or in the Python that PYTHON names.
 *
 *     npx node benchmarks/pytorch-cartpole.ts [--seeds 5]
 */
import { difference, interval, meanOf, PyTorchStudy } from "./pytorch-study.ts";
import { option } from "./reference/option.ts";
import { table, writeResults } from "./results-file.ts";

const seeds = Array.from({ length: option("seeds", 5) }, (_, index) => index + 1);
using study = new PyTorchStudy();
const searchers = [
  { name: "PBT", settings: [] },
  { name: "random search", settings: ["--set", "exploit=noExploit"] },
];

const found = searchers.map((searcher) => ({
  ...searcher,
  best: [] as number[],
  average: [] as number[],
  seconds: [] as number[],
}));
const starts = new Set<number>();
for (const seed of seeds) {
  for (const { name, settings, best, average, seconds } of found) {
    const { result, newest, starts: started } = study.run("cartpole.yaml", seed, settings);
    best.push(result.best!.metrics.test_return!);
    average.push(meanOf(newest.map(({ metrics }) => metrics.test_return!)));
    seconds.push(result.seconds);
    starts.add(started);
    const returns = `${best.at(-1)!.toFixed(1)} and ${average.at(-1)!.toFixed(1)}`;
    console.error(
      `seed ${seed}, ${name}: ${returns} in ${result.seconds.toFixed(0)} s, ${started} starts`,
    );
  }
}
const alone: number[] = [];
for (const seed of seeds) {
  alone.push(await study.alone("cartpole.py", ["--seed", `${seed}`], "test_return"));
}

const [pbt, randomSearch] = found;
const rows = [
  ...found.map(({ name, best }) => ({ name: `${name}, best member`, values: best })),
  ...found.map(({ name, average }) => ({ name: `${name}, mean of members`, values: average })),
  { name: "one policy by hand, 40 steps", values: alone },
].map(({ name, values }) => [
  name,
  ...values.map((value) => value.toFixed(1)),
  interval(values, 1),
]);
const spent = found
  .map(({ name, seconds }) => `${name} ${meanOf(seconds).toFixed(0)} s`)
  .join(", ");
writeResults(
  "pytorch-cartpole",
  "The PyTorch CartPole over seeds: mean return of 100 test episodes",
  [
    "8 members, 40 steps of 512 moves each, 2 workers; mean with its 95% interval over " +
      `seeds. 500 is the maximum. ${study.versions}.`,
    table(["", ...seeds.map((seed) => `seed ${seed}`), "mean"], rows),
    [
      "- Best member, PBT minus random search, seed by seed: " +
        `${difference(pbt!.best, randomSearch!.best, 1)}.`,
      "- Mean of members, PBT minus random search, seed by seed: " +
        `${difference(pbt!.average, randomSearch!.average, 1)}.`,
      "- PBT's best member minus one policy by hand, seed by seed: " +
        `${difference(pbt!.best, alone, 1)}.`,
    ].join("\n"),
    `A run took, on average: ${spent}. Python was started ${[...starts].join(" or ")} times ` +
      "in each: once to try the trainer before the run, then once for the fresh weights of " +
      "each member, since a loop of its own makes them only once.",
    "By hand means the defaults of cartpole.py, constant.",
  ],
);
