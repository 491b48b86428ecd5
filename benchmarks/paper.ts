/**
 * The paper's experiments (Jaderberg et al. 2017, sections 4.1 to 4.3) beside random search and
 * selection only at the same budget: runs the studies of `examples/paper/`, which go on where they
 * were stopped, and writes each field's results and figures, its example's page and its part of
 * docs/results.md.
 *
 *     npx node benchmarks/paper.ts [--field gan] [--store .clade/paper.db]
 */
import { execFileSync, spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { sqlitePopulationStore } from "clade";
import { sum } from "simple-statistics";
import { bestModel } from "../src/analysis/comparison/best-model.ts";
import { type Comparison, compareRuns } from "../src/analysis/comparison/compare.ts";
import { withInterval } from "../src/analysis/comparison/verdict.ts";
import { type History, readHistory } from "../src/analysis/history.ts";
import { runHistory } from "../src/analysis/run-history.ts";
import type { Figure, NoFigure } from "../src/report/figure.ts";
import { lineageFigure } from "../src/report/lineage-figure.ts";
import { runData } from "../src/report/run-data.ts";
import { schedulesFigure } from "../src/report/schedules-figure.ts";
import { intervalFigure } from "../src/report/study/interval-figure.ts";
import { progressFigure } from "../src/report/study/progress-figure.ts";
import { standalone } from "../src/report/theme.ts";
import { treeFigure } from "../src/report/tree-figure.ts";
import { duration } from "../src/report/words.ts";
import { type Field, fields, folder } from "./paper/fields.ts";
import type { Speed } from "./paper/speed.ts";
import { divergenceOf, type Summary, summarize } from "./paper/summary.ts";
import { textOption } from "./reference/option.ts";
import { table, writeResults } from "./results-file.ts";
import { wrapped } from "./wrapped.ts";

const store = textOption("store", ".clade/paper.db");
const baseline = "random-search";
const root = (path: string) => fileURLToPath(new URL(`../${path}`, import.meta.url));

interface Task {
  readonly name: string;
  readonly histories: readonly History[];
  readonly comparison: Comparison;
}

async function studied(field: Field): Promise<Task[]> {
  const tasks: Task[] = [];
  for (const { name, study } of field.tasks) {
    const words = ["study", root(`${folder(field)}/${study}`), "--store", store];
    const { status } = spawnSync(process.execPath, [root("bin/clade.js"), ...words], {
      stdio: "inherit",
    });
    if (status !== 0) throw new Error(`clade ${words.join(" ")} ended with ${status}`);
    await using populationStore = sqlitePopulationStore(store);
    const histories: History[] = [];
    for (const { id, study } of await populationStore.runs())
      if (study?.name === name) histories.push(await readHistory(populationStore, id));
    tasks.push({
      name,
      histories,
      comparison: compareRuns(histories, { metric: field.metric, sameData: true }),
    });
  }
  return tasks;
}

const percent = (share: number) => `${(100 * share).toFixed(1)}%`;

function marginOf({ margin }: Summary): string {
  if (!margin) return "the baseline";
  const { value, interval } = margin;
  return (
    `${value > 0 ? "+" : ""}${percent(value)} [${percent(interval.low)}, ` +
    `${percent(interval.high)}]`
  );
}

function isReached(field: Field, { margin }: Summary): boolean {
  return margin !== undefined && margin.value >= field.margin && margin.interval.low > 0;
}

function summaryTable(
  field: Field,
  tasks: readonly Task[],
  summaries: readonly Summary[],
): string {
  const several = tasks.length > 1;
  const header = ["variant", `${field.unit}, IQM [95%]`, "beside random search", "seeds"];
  const rows = summaries.map((summary) => [
    summary.variant,
    withInterval(summary.iqm, summary.interval),
    marginOf(summary),
    String(summary.values.size),
    ...(several ? tasks.map(({ comparison }) => scoreIn(comparison, summary.variant)) : []),
  ]);
  return table([...header, ...(several ? tasks.map(({ name }) => name) : [])], rows);
}

function scoreIn({ variants }: Comparison, name: string): string {
  const { iqm, interval } = variants.find((variant) => variant.name === name)!;
  return withInterval(iqm, interval!);
}

function divergenceTable(tasks: readonly Task[], names: readonly string[]): string {
  const rows = names.map((name) => {
    const own = tasks.flatMap(({ histories }) =>
      histories.filter(({ run }) => run.study?.variant === name),
    );
    const { generations, diverged, rescued, lost } = divergenceOf(own);
    return [
      name,
      ...[generations, diverged, rescued, lost].map((value) => value.toLocaleString("en-US")),
    ];
  });
  return table(
    ["variant", "generations", "ended in NaN", "rescued by a copy", "members lost at the end"],
    rows,
  );
}

function speedTable(field: Field): string {
  const rows = field.tasks.map(({ name, experiment }) => {
    const words = [
      `benchmarks/paper/speed.ts`,
      `${folder(field)}/${experiment}`,
      String(field.speedSteps),
    ];
    const said = execFileSync(process.execPath, words, { cwd: root("."), encoding: "utf8" });
    const { stepMs, inSteps, inEvaluations, code } = JSON.parse(said) as Speed;
    const shares = [
      inSteps,
      inEvaluations,
      code["jax-js"],
      code.MuJoCo,
      code.example,
      code.Node,
      code.Clade,
      code.idle,
    ];
    return [name, `${stepMs.toPrecision(3)} ms`, ...shares.map(percent)];
  });
  return table(
    [
      "",
      "a step",
      "in steps",
      "in evaluations",
      "jax-js",
      "MuJoCo",
      "the example",
      "Node",
      "Clade",
      "waiting",
    ],
    rows,
  );
}

/**
 * Of a variant's seeds the one in the middle, which stands for the others better than the best
 * would.
 */
function middleRun({ comparison, histories }: Task, variant = "pbt"): History {
  const { runs } = comparison.variants.find(({ name }) => name === variant)!;
  const sorted = runs.toSorted((a, b) => a.score - b.score);
  const { run } = sorted[sorted.length >> 1]!;
  return histories.find((history) => history.run.id === run)!;
}

const shownTask = (field: Field, tasks: readonly Task[]) =>
  tasks.find(({ name }) => name === field.shown)!;

/** What the middle runs' models make: drawn to a file, or text for the example's page. */
function exhibit(field: Field, tasks: readonly Task[]): string | undefined {
  if (!field.exhibit) return undefined;
  const { program, variants, out } = field.exhibit;
  const runs = variants.map((variant) => middleRun(shownTask(field, tasks), variant).run.id);
  const words = [`${folder(field)}/${program}`, ...runs, "--store", store];
  if (out) words.push("--out", `benchmarks/results/${out}`);
  const said = execFileSync(process.execPath, words, { cwd: root("."), encoding: "utf8" });
  return out ? undefined : `Of ${runs.join(", ")}:\n\n${said}`;
}

function figuresOf(field: Field, tasks: readonly Task[]): string {
  const shown = shownTask(field, tasks);
  const history = middleRun(shown);
  const data = runData(runHistory(history), bestModel(history));
  const ofTasks = tasks.flatMap(({ name, comparison }) => [
    written(field, intervalFigure(comparison), name),
    written(field, progressFigure(comparison), name),
  ]);
  const ofRun = [lineageFigure(data), schedulesFigure(data), treeFigure(data)].map((each) =>
    written(field, each, field.shown),
  );
  return [
    ...ofTasks,
    `Of one run, ${history.run.id}, whose result is the middle one of its variant's seeds:`,
    ...ofRun,
  ].join("\n\n");
}

function written(field: Field, figure: Figure | NoFigure, name: string): string {
  if (figure.kind === "none") return figure.why;
  const file = `paper-${field.name}-${name}-${figure.name}`;
  for (const theme of ["light", "dark"] as const)
    writeFileSync(
      root(`benchmarks/results/${file}${theme === "dark" ? "-dark" : ""}.svg`),
      standalone(figure.svg, theme),
    );
  return `![${name}: ${figure.title}](${file}.svg)`;
}

/** Replaces what stands between two comments of a page. */
function insert(path: string, name: string, text: string): void {
  const page = readFileSync(root(path), "utf8");
  const [begin, end] = [`<!-- ${name} -->`, `<!-- end of ${name} -->`];
  const [from, to] = [page.indexOf(begin), page.indexOf(end)];
  if (from < 0 || to < from)
    throw new Error(`${path}: has no place for ${name}; write ${begin} and ${end}`);
  const before = page.slice(0, from + begin.length);
  writeFileSync(root(path), `${before}\n${wrapped(text)}\n${page.slice(to)}`);
}

async function writeField(field: Field): Promise<void> {
  const tasks = await studied(field);
  const summaries = summarize(
    tasks.map(({ comparison }) => comparison),
    baseline,
  );
  const results = summaryTable(field, tasks, summaries);
  const seconds = sum(
    tasks.flatMap(({ histories }) => histories.map((history) => history.seconds)),
  );
  const verdicts = tasks.flatMap(({ name, comparison }) =>
    comparison.variants.flatMap(({ name: variant, against }) =>
      against ? [`- ${name}, ${variant}: ${against.sentence}`] : [],
    ),
  );
  const section = [
    results,
    `${barSentence(field, summaries)} The studies took ${duration(seconds)} of both cores. ` +
      "Each task alone, as `clade compare` says it, with paired seeds and corrected " +
      "for the number of comparisons:",
    verdicts.join("\n"),
    "How often training diverged, and what became of it:",
    divergenceTable(
      tasks,
      summaries.map(({ variant }) => variant),
    ),
    "Where the time of a worker goes, of one that trains four members with the stores of " +
      "`clade run`:",
    speedTable(field),
    figuresOf(field, tasks),
  ].join("\n\n");
  writeResults(
    "paper",
    `The paper's experiments: ${field.title.toLowerCase()}`,
    [
      "Scores are those of each run's best model, on what steered neither selection nor the " +
        "choice of the model. All variants of a study spend the same total of training steps.",
      section,
    ],
    `paper-${field.name}`,
  );
  insert(
    "docs/results.md",
    field.name,
    `${frontTable(field, summaries)}\n\n${frontFigure(field)}`,
  );
  const page = `${folder(field)}/README.md`;
  insert(page, "results", section.replaceAll("](paper-", "](../../../benchmarks/results/paper-"));
  const shown = exhibit(field, tasks);
  if (shown) insert(page, "exhibit", shown);
}

function barSentence(field: Field, summaries: readonly Summary[]): string {
  const reached = summaries
    .filter((summary) => isReached(field, summary))
    .map(({ variant }) => variant);
  const bar =
    `The bar is the paper's margin over random search, ${percent(field.margin)}, with an ` +
    "interval above zero";
  return reached.length === 0
    ? `${bar}: no variant reaches it.`
    : `${bar}: ${reached.join(", ")} ${reached.length === 1 ? "reaches" : "reach"} it.`;
}

/**
 * For docs/results.md: what an experiment does that names no strategy, beside the best known
 * settings, which the example declares, MF-PBT and the controls.
 */
function frontTable(field: Field, summaries: readonly Summary[]): string {
  const titles = [
    ["default", "the default"],
    ["pbt", "PBT, settings by hand"],
    ["mf-pbt", "MF-PBT"],
    ["random-search", "random search"],
    ["selection-only", "selection only"],
  ] as const;
  const rows = titles.flatMap(([variant, title]) => {
    const summary = summaries.find((each) => each.variant === variant);
    if (!summary) return [];
    const { iqm, interval, values } = summary;
    return [[title, withInterval(iqm, interval), marginOf(summary), String(values.size)]];
  });
  return table(
    [
      `[${field.title}](../${folder(field)}/README.md)`,
      field.unit,
      "beside random search",
      "seeds",
    ],
    rows,
  );
}

function frontFigure(field: Field): string {
  const file = `../benchmarks/results/paper-${field.name}-${field.shown}-progress`;
  const alt = `${field.title}, ${field.shown}: best score of each variant over the steps`;
  return `<picture>
  <source media="(prefers-color-scheme: dark)"
    srcset="${file}-dark.svg">
  <img
    alt="${alt}"
    src="${file}.svg">
</picture>`;
}

const only = textOption("field", "");
const chosen = fields.filter(({ name }) => only === "" || name === only);
if (chosen.length === 0)
  throw new Error(`--field ${only}: is none of ${fields.map(({ name }) => name).join(", ")}`);
for (const field of chosen) await writeField(field);
