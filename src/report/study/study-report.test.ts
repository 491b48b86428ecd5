import {
  defineExperiment,
  defineStudy,
  everySteps,
  logUniform,
  maximize,
  memoryPopulationStore,
  randomStream,
  run,
  type StudyDeclaration,
  withSettings,
} from "clade";
import { expect, test } from "vitest";
import { type Comparison, compareRuns } from "../../analysis/comparison/compare.ts";
import { type History, readHistory } from "../../analysis/history.ts";
import { describeExperiment } from "../../experiment/experiment.ts";
import { planStudy } from "../../experiment/study/plan.ts";
import { progressFigure } from "./progress-figure.ts";
import { settingFigures } from "./setting-figure.ts";
import { studyReport } from "./study-report.ts";

const experiment = defineExperiment({
  name: "climb",
  population: 4,
  hyperparameters: { rate: logUniform(1e-4, 1) },
  objective: maximize('<height> & "more"'),
  ready: everySteps(5),
  budget: { stepsPerMember: 20 },
  trainer: class {
    state: { seed: number; steps: number; height: number };
    constructor({ seed }: { seed: number }) {
      this.state = { seed, steps: 0, height: 0 };
    }
    step({ rate }: { rate: number }) {
      this.state.height += rate + 0.1 * randomStream(this.state.seed, this.state.steps++).normal();
    }
    evaluate() {
      return { '<height> & "more"': this.state.height };
    }
    save() {
      return { state: this.state };
    }
    restore({ state }: { state: { seed: number; steps: number; height: number } }) {
      this.state = state;
    }
  },
});

async function comparisonOf(given: Partial<StudyDeclaration>): Promise<Comparison> {
  const study = defineStudy({ name: "heights", experiment: "climb.ts", seeds: 3, ...given });
  const histories: History[] = [];
  for (const seed of study.seeds) {
    for (const { label, method, point, settings } of planStudy(study)) {
      const populationStore = memoryPopulationStore();
      const place = { name: study.name, variant: label, method, point, baseline: "random-search" };
      const { run: id } = await run(withSettings(experiment, settings(experiment)), {
        seed,
        populationStore,
        study: place,
      });
      histories.push(await readHistory(populationStore, id));
    }
  }
  return compareRuns(histories);
}

const variants = { pbt: {}, "random-search": "random-search" };
const reportOf = (comparison: Comparison) =>
  studyReport(comparison, {
    title: "Study <b>heights</b>",
    experiment: {
      ...describeExperiment(experiment),
      hyperparameters: { rate: "uniform(<0>, 1)" },
    },
    notes: ["one <note>"],
    asOf: 0,
    versions: { Clade: "0.1.0" },
  });

test("a study's report has every verdict, variant and run; markup in names is text", async () => {
  const comparison = await comparisonOf({ variants, grid: { population: [4, 8] } });
  const { page, figures } = reportOf(comparison);
  for (const { against, runs } of comparison.variants) {
    if (against) expect(page).toContain(against.sentence);
    for (const each of runs) expect(page).toContain(each.run);
  }
  expect(page).toContain("Study &#60;b&#62;heights");
  expect(page).toContain("one &#60;note&#62;");
  expect(page).not.toMatch(/<b>|<note>|<height>|<0>/);
  expect(figures.map(({ name }) => name)).toEqual(["scores", "progress", "setting-population"]);
  for (const { svg } of figures) expect(svg).not.toMatch(/NaN|undefined|Infinity/);
});

test("a setting with several values has a figure, with a line for each method", async () => {
  const comparison = await comparisonOf({
    variants,
    grid: { population: [4, 8], "exploit.copy": ["both"] },
  });
  const [only, ...others] = settingFigures(comparison);
  expect(others).toEqual([]);
  expect(only!.title).toBe("population");
  for (const method of ["pbt", "random-search"]) expect(only!.svg).toContain(`>${method}<`);
});

test("one variant with one seed is drawn, and the page says that it is alone", async () => {
  const { page, figures } = reportOf(await comparisonOf({ seeds: 1, variants: { pbt: {} } }));
  expect(page).toContain("There is no baseline to compare with.");
  expect(figures.map(({ name }) => name)).toEqual(["scores", "progress"]);
});

test("more variants than colours: the caption says the baselines and best are drawn", async () => {
  const grid = { population: [4, 5, 6, 7, 8] };
  const drawn = progressFigure(await comparisonOf({ variants, grid }));
  if (drawn.kind === "none") throw new Error(drawn.why);
  expect(drawn.caption).toContain("Of 10 variants the baselines and the best are drawn.");
  for (const size of grid.population)
    expect(drawn.svg).toContain(`random-search population=${size}`);
});

test("without curves over time there is no panel, and the caption says why", async () => {
  const comparison = await comparisonOf({ variants });
  const timeless = {
    ...comparison,
    variants: comparison.variants.map(({ curves: { seconds: _, ...curves }, ...variant }) => ({
      ...variant,
      curves,
    })),
  };
  const drawn = progressFigure(timeless);
  if (drawn.kind === "none") throw new Error(drawn.why);
  expect(drawn.svg).not.toContain("wall time");
  expect(drawn.caption).toContain("Curves over time are left out");
});

test("the legend tells the points of a grid with long settings apart", async () => {
  const grid = {
    "budget.stepsPerMember": [20, 40],
    ready: [{ everySteps: 5 }, { everySteps: 10 }],
  };
  const comparison = await comparisonOf({
    seeds: 1,
    variants: { "random-search": "random-search" },
    grid,
  });
  const drawn = progressFigure(comparison);
  if (drawn.kind === "none") throw new Error(drawn.why);
  for (const { name } of comparison.variants) expect(drawn.svg).toContain(`>${name}<`);
});
