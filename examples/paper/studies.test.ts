import { readFileSync } from "node:fs";
import { defineExperiment, maximize, uniform } from "clade";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { describeExperiment } from "../../src/experiment/experiment.ts";

const studies = [
  "gan/study.yaml",
  "gan/few-members-study.yaml",
  "machine-translation/study.yaml",
  "reinforcement-learning/acrobot-study.yaml",
  "reinforcement-learning/half-cheetah-study.yaml",
  "reinforcement-learning/inverted-double-pendulum-study.yaml",
  "reinforcement-learning/pendulum-study.yaml",
];

/** An experiment that names its strategies cannot leave them out in a variant. */
const ours = describeExperiment(
  defineExperiment({
    name: "default",
    population: 8,
    hyperparameters: { rate: uniform(0, 1) },
    objective: maximize("score"),
    budget: { stepsPerMember: 50 },
    trainer: (() => ({})) as never,
  }),
);

test.each(studies)("the default in %s is what an experiment does that names none", (path) => {
  const { variants } = parse(readFileSync(new URL(path, import.meta.url), "utf8"));
  const { exploit, explore } = variants.default ?? variants["default-of-4"];
  expect(exploit).toBe(ours.exploit.name);
  const { factors, ...options } = explore.perturb;
  const near = (ours.explore.options.factors as number[]).map((each) => expect.closeTo(each, 3));
  expect(factors).toEqual(near);
  expect(ours.explore).toMatchObject({ name: "perturb", options });
});
