/**
 * The schedule that Population Based Training finds in one run, beside the one that people use: a
 * cosine with warm-up, whose peak and other hyperparameters are the best of 8 random draws. Both
 * train 8 networks for 4,000 steps on the PyTorch digits; the one that is best on the validation
 * pictures is reported by its accuracy on the test digits, which steer nothing. Needs the Python
 * client and PyTorch in `python3`, or in the Python that PYTHON names.
 *
 *     npx node benchmarks/pytorch-cosine.ts [--seeds 6] [--from 11]
 */
import { difference, interval, PyTorchStudy } from "./pytorch-study.ts";
import { option } from "./reference/option.ts";
import { table, writeResults } from "./results-file.ts";

const [count, from] = [option("seeds", 6), option("from", 11)];
const seeds = Array.from({ length: count }, (_, index) => from + index);
using study = new PyTorchStudy();
const folder = "../../benchmarks/pytorch-cosine";
const found = [
  { name: "PBT, no strategy named", experiment: `${folder}/default.yaml` },
  { name: "PBT, digits.yaml", experiment: "digits.yaml" },
  { name: "cosine with warm-up, best of 8", experiment: `${folder}/cosine.yaml` },
].map((searcher) => ({ ...searcher, values: [] as number[] }));
for (const seed of seeds) {
  for (const { name, experiment, values } of found) {
    const { result } = study.run(experiment, seed, []);
    values.push(100 * result.best!.metrics.test_accuracy!);
    console.error(`seed ${seed}, ${name}: ${values.at(-1)!.toFixed(2)}`);
  }
}

const cosine = found.at(-1)!;
writeResults("pytorch-cosine", "A schedule that was found, beside a cosine: test accuracy in %", [
  "8 networks, 4,000 steps each; the mean with its 95% interval over seeds. " +
    `${study.versions}.`,
  table(
    ["", ...seeds.map((seed) => `seed ${seed}`), "mean"],
    found.map(({ name, values }) => [
      name,
      ...values.map((value) => value.toFixed(2)),
      interval(values, 2),
    ]),
  ),
  found
    .slice(0, -1)
    .map(
      ({ name, values }) =>
        `- ${name}, minus the cosine, seed by seed: ${difference(values, cosine.values, 2)}.`,
    )
    .join("\n"),
]);
