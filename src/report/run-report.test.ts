import { parseHTML } from "linkedom";
import { expect, test } from "vitest";
import type { Decision } from "../algorithm/population-based-training.ts";
import type { Hyperparameters, SnapshotId } from "../algorithm/snapshot.ts";
import type { History } from "../analysis/history.ts";
import { runHistory } from "../analysis/run-history.ts";
import { smallTree, snapshot } from "../analysis/snapshots.test-support.ts";
import type {
  PublishedSnapshot,
  Run,
  RunId,
  RunNote,
  WorkerId,
} from "../population-store/population-store.ts";
import { marginFor } from "./axes.ts";
import { categoryAxis, categoryPlaces } from "./categories.ts";
import { runReport } from "./run-report.ts";
import { fitted, textWidth } from "./text-width.ts";
import { standalone } from "./theme.ts";

const markup = `<script>alert("&")</script>`;

const experiment: Run["experiment"] = {
  name: "small",
  population: 3,
  hyperparameters: { rate: "uniform(0, 1)" },
  scales: { rate: "linear" },
  initial: [],
  objective: { direction: "maximize", metric: "accuracy" },
  ready: { name: "everySteps", options: { steps: 10 } },
  exploit: { name: "truncationSelection", options: {} },
  explore: { name: "perturb", options: {} },
  exploreEvery: "copy",
  budget: { stepsPerMember: 30 },
  synchronous: false,
  reevaluate: false,
};

const copy: Decision = {
  snapshot: "1.1" as SnapshotId,
  member: 1,
  generation: 1,
  kind: "copy",
  donor: "0.1" as SnapshotId,
  weights: true,
  hyperparameters: true,
  reason: { text: `rank 3 of 3 ${markup}`, numbers: {} },
};

function report(
  snapshots: readonly PublishedSnapshot[],
  given: {
    readonly run?: Partial<Run>;
    readonly history?: Partial<History>;
    readonly best?: string;
    readonly state?: string;
    readonly notes?: readonly RunNote[];
  } = {},
) {
  const run: Run = {
    id: "small-1" as RunId,
    seed: 1,
    experiment,
    createdAt: 0,
    state: { kind: "done", reason: "every member has spent its budget" },
    elapsedMs: 0,
    ...given.run,
  };
  const { page, figures } = runReport({
    history: runHistory({
      run,
      seconds: 1,
      snapshots,
      decisions: [],
      failures: [],
      ...given.history,
    }),
    best: snapshots.find(({ id }) => id === given.best),
    notes: given.notes ?? [],
    state: given.state ?? "done",
    asOf: 0,
    versions: { Clade: "1.2.3" },
  });
  return { page, figures, document: parseHTML(page).document };
}

const figureNames = ["lineage", "tree", "schedules"];

test("every figure has a label and a caption, and the report needs no other file", () => {
  const { page, figures, document } = report(smallTree, {
    best: "0.4",
    history: { decisions: [copy] },
  });
  expect(figures.map(({ name }) => name)).toEqual(figureNames);
  for (const svg of document.querySelectorAll("figure svg")) {
    expect(svg.getAttribute("role")).toBe("img");
    expect(svg.getAttribute("aria-label")!.length).toBeGreaterThan(50);
  }
  expect(document.querySelectorAll("figcaption").length).toBe(3);
  expect(/<script|<link|src=|url\(|@import/.exec(page)).toBe(null);
});

test("the best model's schedule tells which member trained it, and what it copied", () => {
  const { document } = report(smallTree, { best: "0.4" });
  const rows = [...document.querySelectorAll("#best tbody")].at(-1)!.querySelectorAll("tr");
  const cells = [...rows].map((row) =>
    [...row.querySelectorAll("td")].map((cell) => cell.textContent),
  );
  expect(cells).toEqual([
    ["0 to 10", "0", "0.1", ""],
    ["10 to 20", "1", "0.2", "member 1 copied member 0"],
    ["20 to 30", "0", "0.4", "member 0 copied member 1"],
  ]);
});

test("a dot of the tree says who was copied and why", () => {
  const { figures } = report(smallTree, { best: "0.4", history: { decisions: [copy] } });
  const { document } = parseHTML(figures[1]!.svg);
  const titles = [...document.querySelectorAll("title")].map((title) => title.textContent);
  expect(titles).toContain(
    `member 1, generation 1, step 10: copied member 0 (snapshot 0.1): rank 3 of 3 ${markup}`,
  );
  expect(titles).toContain("member 0, generation 3, step 30, accuracy 9 (snapshot 0.4)");
});

test("markup in names, values, reasons and errors is text, in the page and in figures", () => {
  const marked = (hyperparameters: Hyperparameters) => ({
    [markup]: hyperparameters.rate,
    optimizer: `sgd ${markup}`,
  });
  const snapshots = smallTree.map((given) => ({
    ...given,
    hyperparameters: marked(given.hyperparameters),
    metrics: { [markup]: 1 },
  }));
  const run = {
    experiment: {
      ...experiment,
      hyperparameters: { [markup]: markup },
      scales: {},
      objective: { direction: "minimize", metric: markup },
    },
  } as const;
  const failure = {
    member: 0,
    generation: 0,
    worker: markup,
    at: 0,
    message: markup,
    stack: markup,
  };
  const history = {
    decisions: [copy],
    failures: [failure as unknown as History["failures"][number]],
  };
  const { page, figures, document } = report(snapshots, { run, best: "0.4", history });
  expect(page.includes("<script")).toBe(false);
  expect(document.querySelector("#failures")!.textContent).toContain(markup);
  expect(document.querySelector("#decisions")!.textContent).toContain(markup);
  for (const { svg } of figures) {
    const { document } = parseHTML(standalone(svg, "light"));
    expect(document.querySelector("svg")!.getAttribute("aria-label")).not.toBe("");
    expect(svg.includes("<script")).toBe(false);
    expect(/="[^"]*</.exec(svg)).toBe(null);
  }
  expect(figures[0]!.svg).toContain("&#60;script&#62;");
});

test("a figure in a file of its own has the literal colours of its theme, and paper", () => {
  const { figures } = report(smallTree, { best: "0.4" });
  for (const { svg } of figures) {
    expect(standalone(svg, "light")).not.toContain("var(");
    expect(standalone(svg, "dark")).toContain('fill="#15171b"/>');
    expect(standalone(svg, "dark")).not.toBe(standalone(svg, "light"));
  }
});

test.each([
  ["has one snapshot", [snapshot("0.0", undefined)], 0],
  ["has no snapshot", [], 0],
  [
    "has one trained snapshot",
    [snapshot("0.0", undefined), snapshot("0.1", "0.0", { generation: 1, score: 1 })],
    3,
  ],
  ["has no score", smallTree.map(({ score: _, ...unscored }) => unscored), 3],
  [
    "has one score",
    smallTree.map(({ score, ...given }) => (given.id === "0.4" ? { ...given, score: 1 } : given)),
    3,
  ],
  [
    "has equal scores and values",
    smallTree.map((given) => ({ ...given, score: 0, hyperparameters: { rate: 0 } })),
    3,
  ],
  ["has no hyperparameter", smallTree.map((given) => ({ ...given, hyperparameters: {} })), 2],
])("a run that %s is drawn, or the report says in a sentence why not", (_, snapshots, drawn) => {
  const { figures, document } = report(snapshots as PublishedSnapshot[]);
  expect(figures.length).toBe(drawn);
  for (const { svg } of figures) expect(/NaN[,"LHVZM ]|Infinity|undefined/.exec(svg)).toBe(null);
  for (const name of figureNames)
    expect(document.getElementById(name)!.textContent.length).toBeGreaterThan(40);
});

test("a run that goes on says so at the top", () => {
  const run = { state: { kind: "running" } } as const;
  const { document } = report(smallTree, { run, state: "running", best: "0.4" });
  expect(document.querySelector("header .notice")!.textContent).toContain(
    "As of 1970-01-01 00:00:00 UTC this run is still running",
  );
});

test("of very many decisions the latest 1,000 are told, and the total is named", () => {
  const decisions = Array.from({ length: 1_500 }, () => copy);
  const { document } = report(smallTree, { history: { decisions } });
  const section = document.getElementById("decisions")!;
  expect(section.querySelectorAll("tbody tr").length).toBe(1_000);
  expect(section.textContent).toContain(
    "the latest 1,000 of 1,500; clade export small-1 writes them all",
  );
});

test("a diverged score is drawn at the edge of the frame, and the caption counts it", () => {
  const generations = Array.from({ length: 99 }, (_, index) =>
    snapshot(`0.${index + 1}`, `0.${index}`, {
      generation: index + 1,
      score: index === 50 ? -1e30 : index,
    }),
  );
  const { figures } = report([snapshot("0.0", undefined), ...generations], { best: "0.99" });
  expect(figures[0]!.caption).toContain("1 score lies outside the frame");
});

test("scores as far apart as numbers can be are drawn, coloured, and told from each other", () => {
  const furthest = [0.9, -0.9, 0.5, -0.5].map((share) => share * Number.MAX_VALUE);
  const scored = smallTree.map((given, index) =>
    given.score === undefined ? given : { ...given, score: furthest[index % furthest.length]! },
  );
  for (const { svg } of report(scored, { best: "0.4" }).figures) {
    expect(svg).not.toMatch(/NaN|Infinity/);
    expect(standalone(svg, "dark")).not.toContain("var(");
  }
});

test("early ends and fresh starts are told with reasons, and not counted as going on", () => {
  const own = { weights: false, hyperparameters: false } as const;
  const stop: Decision = {
    ...own,
    snapshot: "2.1" as SnapshotId,
    member: 2,
    generation: 1,
    kind: "stop",
    reason: { text: "rank 3 of 3 at a rung", numbers: {} },
  };
  const restart: Decision = {
    ...copy,
    ...own,
    kind: "restart",
    reason: { text: "model 1 is trained", numbers: {} },
  };
  const keep: Decision = { ...stop, snapshot: "0.1" as SnapshotId, member: 0, kind: "keep" };
  const { document } = report(smallTree, { history: { decisions: [stop, restart, keep] } });
  const text = document.getElementById("decisions")!.textContent;
  expect(text).toContain(
    "0 copies, 1 fresh start and 1 early end in 3 decisions; " +
      "in 1 other the member kept its own weights.",
  );
  const rows = [...document.querySelectorAll("#decisions tbody tr")].map((row) =>
    [...row.querySelectorAll("td")].map((cell) => cell.textContent),
  );
  expect(rows.map((cells) => [cells[2], cells[4]])).toEqual([
    ["member 1 restarted near the hyperparameters of snapshot 0.1", "model 1 is trained"],
    ["member 2 ended early", "rank 3 of 3 at a rung"],
  ]);
});

test("groups are named, and copies from another group are counted", () => {
  const exploit = { name: "ladder", options: { intervals: [1, 5, 10] } };
  const own = { exploit, budget: { stepsPerMember: 30 } };
  const run = { experiment: { ...experiment, ...own } };
  const { figures, document } = report(smallTree, { run, history: { decisions: [copy] } });
  const [, tree] = figures;
  expect(tree!.caption).toMatch(/\d branch(es)? began with a copy from another group\./);
  expect(tree!.svg).toContain("copied from another group");
  expect(tree!.svg).toContain(">0 rung 1 of 3<");
  expect(document.getElementById("decisions")!.textContent).toContain(
    "member 1 (rung 2 of 3) copied member 0 (rung 1 of 3)",
  );
});

test("a restarted member is not an initial one with descendants", () => {
  const { figures } = report([
    snapshot("0.0", undefined),
    snapshot("0.1", "0.0", { generation: 1, score: 1 }),
    { ...snapshot("0.2", undefined), kind: "restarted", generation: 1 },
    snapshot("0.3", "0.2", { generation: 2, score: 2 }),
  ]);
  expect(figures[1]!.caption).toContain("0 have descendants");
  expect(figures[1]!.caption).toContain("those that restarted with fresh weights");
});

test("a hyperparameter without effect is a warning at the top; every note is told", () => {
  const found = {
    steps: 10,
    without: [{ name: "rate", values: [0.1, 1] as const }],
    unproved: [],
  };
  const { document } = report(smallTree, {
    notes: [
      { kind: "acting", worker: "host:1:a" as WorkerId, at: 0, found },
      {
        kind: "different-code",
        worker: "host:2:b" as WorkerId,
        joinedAt: 0,
        differences: [markup],
      },
    ],
  });
  expect(document.querySelector("p.notice")!.textContent).toContain("rate changes nothing");
  const notes = [...document.querySelectorAll("#settings li")].map(
    ({ textContent }) => textContent,
  );
  expect(notes).toEqual([
    expect.stringContaining("rate changes nothing"),
    expect.stringContaining(`host:2:b joined with code that differs from the run's: ${markup}`),
  ]);
});

test("categories with the same beginning have labels that tell them apart", () => {
  const names = ["a-very-long-network-name-small", "a-very-long-network-name-large"];
  const categories = categoryPlaces([...names, 0.12341, 0.12342]);
  expect(new Set(categories.labels).size).toBe(4);
});

test("numbers that are categories rise from the bottom to the top, as on any other axis", () => {
  const { axis } = categoryAxis("size", categoryPlaces([64, 16, 32]));
  expect(axis.ticks!.map(axis.format!)).toEqual(["16", "32", "64"]);
  expect(axis.domain[0]).toBeLessThan(axis.domain[1]);
});

test("a name too long for its panel is cut, wide letters too, and a long number fits", () => {
  for (const name of ["W".repeat(200), "学".repeat(200)]) {
    const cut = fitted(name, 430);
    expect(textWidth(cut)).toBeLessThanOrEqual(430);
    expect(cut.endsWith("…")).toBe(true);
  }
  expect(fitted("accuracy", 430)).toBe("accuracy");
  expect(marginFor(["-1.000002M"])).toBeGreaterThan(textWidth("-1.000002M"));
});
