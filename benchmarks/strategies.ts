/**
 * Every strategy on every reference problem, at several sizes of the population: the table of
 * docs/guides/which-strategy.md.
 *
 *     npx node benchmarks/strategies.ts [--seeds 60] [--again "the default, lead()"]
 *
 * With --again only that strategy is measured, and the other rows are those of the page. With
 * --part asynchronous only the second table is measured.
 */
import { execFile } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import {
  binaryTournament,
  gpBandit,
  ladder,
  noExploit,
  noExplore,
  perturb,
  randomStream,
  truncationSelection,
  twoSpeeds,
} from "clade";
import { median, quantile } from "./reference/agreement.ts";
import { overSeeds } from "./reference/finished-run.ts";
import { option, textOption } from "./reference/option.ts";
import { table, writeResults } from "./results-file.ts";
import { type Choices, type Task, tasks, triangle } from "./strategies/tasks.ts";

const seeds = option("seeds", 60);
const sizes = [4, 8, 16, 24];

interface Strategy extends Choices {
  /** For one that takes long: fewer seeds, and only some sizes of the population. */
  readonly seeds?: number;
  readonly sizes?: readonly number[];
}

const strategies: Readonly<Record<string, Strategy>> = {
  "the default, lead()": {},
  "twoSpeeds()": { exploit: twoSpeeds() },
  "ladder()": { exploit: ladder() },
  "ladder, intervals 1, 5, 10 (MF-PBT)": { exploit: ladder({ intervals: [1, 5, 10] }) },
  "truncationSelection(), perturb() (the paper)": {
    exploit: truncationSelection(),
    explore: perturb(),
  },
  "binaryTournament(), perturb()": { exploit: binaryTournament(), explore: perturb() },
  "truncationSelection(), gpBandit() (PB2)": {
    exploit: truncationSelection(),
    explore: gpBandit(),
    seeds: 20,
    sizes: [4, 8],
  },
  "selection only": { explore: noExplore() },
  "random search": { exploit: noExploit(), explore: noExplore() },
};

const asynchronous: readonly { readonly task: Task; readonly workers: number }[] = [
  ...[1, 2, 8, 16].map((workers) => ({
    task: triangle(workers === 1 ? "1 worker" : `${workers} workers`, { synchronous: false }),
    workers,
  })),
  {
    task: triangle("16 workers, half of the members 3 times slower", {
      synchronous: false,
      mixed: true,
    }),
    workers: 16,
  },
];

const leftOut = "-";
const isMeasured = (text: string) => text !== leftOut;

/** The median, with a 95% interval by the bootstrap. */
async function cell(task: Task, chosen: Strategy, size: number, workers = 1): Promise<string> {
  const { seeds: few = seeds, sizes: own = sizes, ...choices } = chosen;
  const isLeftOut = [own, task.sizes ?? sizes].some((given) => !given.includes(size));
  if (isLeftOut) return leftOut;
  const count = Math.min(few, task.seeds ?? seeds, seeds);
  const runs = await overSeeds(count, task.of(choices, size), workers);
  const values = runs.map(task.result);
  const random = randomStream("bootstrap", task.name);
  const medians = Array.from({ length: 1000 }, () =>
    median(values.map(() => values[random.integer(values.length)]!)),
  );
  const shown = (value: number) => value.toFixed(task.digits);
  const [low, high] = [0.025, 0.975].map((share) => shown(quantile(share)(medians)));
  return `${shown(median(values))} [${low}, ${high}]`;
}

interface Rows {
  readonly synchronous: readonly (readonly string[])[];
  readonly asynchronous: readonly string[];
}

async function rowsOf(name: string): Promise<Rows> {
  const chosen = strategies[name]!;
  const synchronous: (readonly string[])[] = [];
  if (part !== "") synchronous.push(...rowsOnPage(name).synchronous);
  for (const size of part === "" ? sizes : []) {
    const cells = [name, `${size}`];
    for (const task of tasks) cells.push(await cell(task, chosen, size));
    if (!cells.slice(2).some(isMeasured)) continue;
    synchronous.push(cells);
  }
  const cells = [name];
  for (const { task, workers } of asynchronous) cells.push(await cell(task, chosen, 16, workers));
  return { synchronous, asynchronous: cells };
}

const page = new URL("results/strategies.md", import.meta.url);
const again = textOption("again", "");
const part = textOption("part", "");

/** A strategy's rows as the page has them. */
function rowsOnPage(name: string): Rows {
  const rows = readFileSync(page, "utf8")
    .split("\n")
    .filter((line) => line.startsWith(`| ${name} `))
    .map((line) =>
      line
        .slice(1, -1)
        .split(" | ")
        .map((cell) => cell.trim()),
    );
  const isBySize = (cells: readonly string[]) => cells.length === tasks.length + 2;
  return {
    synchronous: rows.filter(isBySize),
    asynchronous: rows.find((cells) => !isBySize(cells)) ?? [name],
  };
}

const only = textOption("strategy", "");
if (only) console.log(JSON.stringify(await rowsOf(only)));
else await all();

/** Each strategy in a process of its own, two at a time. */
async function all(): Promise<void> {
  const names = Object.keys(strategies);
  const rows: Rows[] = [];
  const lane = async (first: number) => {
    for (let at = first; at < names.length; at += 2) {
      if (again !== "" && names[at] !== again) {
        rows[at] = rowsOnPage(names[at]!);
        continue;
      }
      const given = ["--strategy", names[at]!, "--seeds", `${seeds}`, "--part", part];
      const words = [...process.execArgv, fileURLToPath(import.meta.url), ...given];
      const { stdout } = await promisify(execFile)(process.execPath, words);
      rows[at] = JSON.parse(stdout);
    }
  };
  await Promise.all([lane(0), lane(1)]);
  const header = ["strategy", "members", ...tasks.map(({ name }) => name)];
  const bySize = table(
    header,
    rows.flatMap(({ synchronous }) => synchronous),
  );
  const byWorkers = table(
    ["strategy", ...asynchronous.map(({ task }) => task.name)],
    rows
      .map(({ asynchronous: cells }) => cells)
      .filter(([, ...values]) => values.some(isMeasured)),
  );
  writeResults("strategies", `Strategies on the reference problems, ${seeds} seeds`, [
    "Medians with 95% intervals. T3: steps until the first member is done (fewer is better; " +
      "1,000 is the budget). Digits: the share of the test pictures that the best model reads " +
      "right, 16 seeds. The others: final Q (more is better), 50 generations. PB2 has 20 seeds." +
      (again && ` The rows of ${again} are of this commit, the others of earlier ones.`) +
      (part && ` The ${part} table is of this commit, the other of earlier ones.`),
    `## Synchronous\n\n${bySize}`,
    `## Asynchronous: T3, 16 members\n\n${byWorkers}`,
  ]);
  const guide = new URL("../docs/guides/which-strategy.md", import.meta.url);
  const text = readFileSync(guide, "utf8");
  const marks = ["<!-- table -->", "<!-- end of table -->"] as const;
  const [begin, end] = marks.map((mark) => text.indexOf(mark));
  const before = text.slice(0, begin! + marks[0].length);
  writeFileSync(guide, `${before}\n\n${bySize}\n\n${byWorkers}\n\n${text.slice(end)}`);
}
