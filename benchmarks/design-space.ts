/**
 * The design space (Jaderberg et al. 2017, section 4.1 and Figure 5): population size, who copies
 * whom, what is copied, and the schedule that was found against the hyperparameters that it ended
 * with. On T3 and T4 of the reference tasks in this process, and on the quickstart with `clade
 * study`, whose runs are kept in a store, so that it can be stopped and goes on.
 *
 *     npx node benchmarks/design-space.ts [--seeds 30] [--store .clade/design-space.db]
 */
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import {
  defineExperiment,
  defineStudy,
  type Experiment,
  everySteps,
  lineage,
  logUniform,
  maximize,
  memoryPopulationStore,
  run,
  type SnapshotId,
  type Study,
  schedule,
  sqlitePopulationStore,
  uniform,
  withSettings,
} from "clade";
import { type Comparison, compareRuns } from "../src/analysis/comparison/compare.ts";
import { withInterval } from "../src/analysis/comparison/verdict.ts";
import { type History, readHistory } from "../src/analysis/history.ts";
import { type Found, planStudy } from "../src/experiment/study/plan.ts";
import { intervalFigure } from "../src/report/study/interval-figure.ts";
import { settingFigures } from "../src/report/study/setting-figure.ts";
import { standalone } from "../src/report/theme.ts";
import { HorizonTrainer, intervalSteps } from "./reference/horizon-trainer.ts";
import { option, textOption } from "./reference/option.ts";
import { TriangleTrainer } from "./reference/triangle-trainer.ts";
import { table, writeResults } from "./results-file.ts";

const seeds = option("seeds", 30);
const store = textOption("store", ".clade/design-space.db");

/**
 * The last values of the score are the samples of the t-test, as the last episodes are in the
 * paper.
 */
const kept = 10;

class SampledTriangleTrainer extends TriangleTrainer {
  recent: number[] = [];

  override step(hyperparameters: { lr: number }) {
    super.step(hyperparameters);
    this.recent = [...this.recent, this.acc].slice(-kept);
  }

  override evaluate() {
    return { acc: this.acc, samples: this.recent };
  }

  override save() {
    return { ...super.save(), recent: this.recent };
  }

  override restore(state: ReturnType<this["save"]>, context: { seed: number }) {
    super.restore(state, context);
    this.recent = state.recent;
  }
}

class SampledHorizonTrainer extends HorizonTrainer {
  recent: number[] = [];

  override step(hyperparameters: { h: number }) {
    super.step(hyperparameters);
    this.recent = [...this.recent, this.q].slice(-kept);
  }

  override evaluate() {
    return { q: this.q, samples: this.recent };
  }

  override save() {
    return { ...super.save(), recent: this.recent };
  }

  override restore(state: ReturnType<this["save"]>) {
    super.restore(state);
    this.recent = state.recent;
  }
}

const triangle = defineExperiment({
  name: "triangle-wave",
  population: 20,
  hyperparameters: { lr: uniform(1e-4, 0.02) },
  objective: maximize("acc"),
  ready: everySteps(5),
  budget: { stepsPerMember: 150 },
  trainer: SampledTriangleTrainer,
});

const horizon = (name: string, weight: number) =>
  defineExperiment({
    name,
    population: 20,
    hyperparameters: { h: logUniform(0.9, 1.1, { bounds: [1e-4, 1.1] }) },
    objective: maximize("q"),
    ready: everySteps(5 * intervalSteps),
    budget: { stepsPerMember: 1000 },
    trainer: () => new SampledHorizonTrainer(weight),
  });

/** Every combination, with a random search for each size of population. */
const space: Study = defineStudy({
  name: "space",
  experiment: "in this process",
  seeds,
  variants: { pbt: {}, "random-search": "random-search" },
  grid: {
    population: [5, 10, 20, 40],
    exploit: ["truncationSelection", "tTestSelection", "binaryTournament"],
    "exploit.copy": ["weights", "hyperparameters", "both"],
  },
  baseline: "random-search",
});

/** What else the same steps could be spent on, with 20 members. */
const alternatives: Study = defineStudy({
  name: "alternatives",
  experiment: "in this process",
  seeds,
  variants: {
    pbt: {},
    "random-search": "random-search",
    "selection-only": "selection-only",
    grid: "grid",
    "successive-halving": "successive-halving",
    sequential: "sequential",
    replay: { replay: "pbt" },
    final: { final: "pbt" },
  },
  baseline: "random-search",
});

/** Runs a study in memory, one run after another. */
async function histories(study: Study, experiment: Experiment): Promise<History[]> {
  const all: History[] = [];
  for (const seed of study.seeds) {
    const found = new Map<string, Found>();
    for (const { label, method, point, follows, settings } of planStudy(study)) {
      const populationStore = memoryPopulationStore();
      const changed = withSettings(
        experiment,
        settings(experiment, follows === undefined ? undefined : found.get(follows)),
      );
      const place = { name: study.name, variant: label, method, point, baseline: study.baseline! };
      const result = await run(changed, { seed, populationStore, study: place });
      const chain = await lineage(result.snapshot!, (id: SnapshotId) =>
        populationStore.snapshot(result.run, id),
      );
      found.set(label, {
        schedule: schedule(chain),
        hyperparameters: chain.at(-1)!.hyperparameters,
      });
      const history = await readHistory(populationStore, result.run);
      // What is compared are trained snapshots; the rest of thousands of runs would fill the
      // memory.
      all.push({
        ...history,
        snapshots: history.snapshots.filter(({ kind }) => kind === "trained"),
        decisions: [],
      });
    }
  }
  return all;
}

/** The runs of the quickstart's studies, which go on where they were stopped. */
async function quickstart(name: string): Promise<Comparison> {
  const path = (file: string) => fileURLToPath(new URL(file, import.meta.url));
  const words = ["study", path(`design-space/${name}.yaml`), "--store", store];
  const { status } = spawnSync(process.execPath, [path("../bin/clade.js"), ...words], {
    stdio: "inherit",
  });
  if (status !== 0) throw new Error(`clade ${words.join(" ")} ended with ${status}`);
  await using populationStore = sqlitePopulationStore(store);
  const runs = (await populationStore.runs()).filter(({ study }) => study?.name === name);
  const all: History[] = [];
  for (const { id } of runs) all.push(await readHistory(populationStore, id));
  return compareRuns(all, { metric: "testAccuracy" });
}

function section(heading: string, { variants }: Comparison): string {
  const rows = variants.map(({ name, iqm, interval, totalSteps, against }) => [
    name,
    interval ? withInterval(iqm, interval) : String(iqm),
    Math.round(totalSteps).toLocaleString("en-US"),
    against ? `${against.improvement.value.toFixed(2)}` : "",
    against?.sentence ?? "the baseline",
  ]);
  const header = [
    "variant",
    "final score, IQM [95%]",
    "total steps",
    "P(better)",
    "verdict beside its random search",
  ];
  return `### ${heading}\n\n${table(header, rows)}`;
}

/**
 * Writes the figures of a comparison beside the results, and gives the Markdown that shows them.
 */
function figures(name: string, comparison: Comparison): string {
  const drawn = [intervalFigure(comparison), ...settingFigures(comparison)];
  return drawn
    .map((figure) => {
      const file = `design-space-${name}-${figure.name}.svg`;
      writeFileSync(new URL(`results/${file}`, import.meta.url), standalone(figure.svg, "light"));
      return `![${figure.title}](${file})`;
    })
    .join("\n\n");
}

/** Of the results as they are committed; to be read again when they change. */
const whatTheNumbersSay = `## What the numbers say

- What is copied matters most: on all three reference tasks copying both ends above copying either
  alone, at every size. Who copies whom (truncation, t-test, tournament) matters less.
  Hyperparameters alone do little on T3.
- T3 is mostly selection of lucky noise: with 20 members selection only gets 138 of the 160 that
  Population Based Training reaches, a replay of its schedule 91, and random search 59. The
  hyperparameters at the end of the schedule are worse than random ones.
- T4, Plain, needs no schedule, since one value is best from beginning to end: models trained with
  the last hyperparameters alone (1.1990) and one model after another (1.1994) end above Population
  Based Training (1.1975).
- T4, Deceptive, is all schedule: a replay repeats the result (1.186), while the last
  hyperparameters alone (0.874) end far below random search (1.047).
- Larger populations help every searcher. Beside random search of the same size the advantage is
  there with 5 members, and hardly grows from 20 to 40.
- On the quickstart 5 seeds are too few: every verdict, corrected for its table's comparisons, is
  that no difference can be shown. Its means have the order of the other tasks: exploit by t-test,
  replay, truncation, tournament and successive halving above random search; selection only, the
  grid, one model after another and the last hyperparameters below.`;

const sections: string[] = [];
for (const [name, title, experiment] of [
  ["triangle-wave", "T3, the triangle wave: best acc after 150 steps a member", triangle],
  [
    "plain",
    "T4, Plain: best Q after 1,000 steps, a generation of 5 intervals",
    horizon("plain", 0),
  ],
  ["deceptive", "T4, Deceptive: the same", horizon("deceptive", 0.2)],
] as const) {
  const whole = compareRuns(await histories(space, experiment));
  const others = compareRuns(await histories(alternatives, experiment));
  sections.push(
    `## ${title}`,
    section("The design space", whole),
    figures(name, whole),
    section("Other ways to spend the steps of 20 members", others),
    figures(`${name}-alternatives`, others),
  );
}
const sizes = await quickstart("digits-population");
const choices = await quickstart("digits-choices");
sections.push(
  "## The quickstart: test accuracy of the best model, 2,500 steps a member, a generation of 125",
  section("Population size", sizes),
  figures("digits-population", sizes),
  section("Choices, and other ways to spend the steps of 10 members", choices),
  figures("digits-choices", choices),
);
writeResults("design-space", "The design space", [
  `Every variant has ${seeds} seeds on the reference tasks and 5 on the quickstart, and the ` +
    "same total of training steps as the random search that it stands beside. Verdicts are " +
    "corrected for the number of comparisons in their table; intervals are not (`clade " +
    "compare`). `replay` trains as many fresh models as the population has members along " +
    "the schedule of pbt's best model with the same seed; `final` trains them with the " +
    "hyperparameters that this schedule ends with.",
  whatTheNumbersSay,
  ...sections,
]);
