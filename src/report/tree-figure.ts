/**
 * The phylogenetic tree of a run: a row for each branch, members' generations from left to right,
 * initial members as roots. For a large run only the surviving branches are drawn, with the number
 * of members that died out.
 */
import * as Plot from "@observablehq/plot";
import type { SnapshotId, TreeSnapshot } from "../algorithm/snapshot.ts";
import { earnedScore } from "../analysis/curves.ts";
import {
  copiesHyperparametersOnly,
  type GenerationFate,
  type PhylogeneticTree,
  type PlacedBranch,
  phylogeneticTree,
} from "../analysis/phylogenetic-tree.ts";
import type { GroupOf } from "../experiment/groups.ts";
import { type Axis, panel, ticks } from "./axes.ts";
import { type Figure, figure, figureWidth, type NoFigure } from "./figure.ts";
import { legend } from "./legend.ts";
import { px } from "./line-path.ts";
import type { RunData } from "./run-data.ts";
import { snapshotTitles } from "./snapshot-titles.ts";
import { type Part, path, stack } from "./svg.ts";
import { scoreColors } from "./theme.ts";
import { captionOf, entries, isMigration } from "./tree-words.ts";

/** Beyond these limits dots would touch each other, or the file would become large. */
const maxDots = 1_500;
const minDotPx = 7;

/** The height that rows share, in pixels. */
const targetHeight = 900;
const minRowPx = 0.9;
const minLabelledRow = 9;

const extinctOpacity = 0.4;

/** For the numbers of members, and the names of their groups. */
function marginOf({ groupOf }: RunData): number {
  return groupOf(0) === undefined ? 48 : 96;
}

type Row = PlacedBranch<TreeSnapshot>;
type Scale = (value: number) => number;

export function treeFigure(data: RunData): Figure | NoFigure {
  const [name, title] = ["tree", "Phylogenetic tree"];
  if (data.trained === 0)
    return {
      kind: "none",
      name,
      title,
      why: "No member has completed a generation yet, so the tree has roots only.",
    };
  const tree = phylogeneticTree(data.branches);
  const isWhole = tree.branches.length === tree.total;
  const x: Axis = axisOf(tree);
  const margin = marginOf(data);
  const parts = [legend(entries(data, tree), figureWidth, margin), treePanel(data, tree, x)];
  if (!isWhole) parts.push(fatesPanel(tree.fates, x, margin));
  return figure(name, title, captionOf(data, tree), stack(parts, 4));
}

function axisOf({ fates }: PhylogeneticTree): Axis {
  const last = Math.max(1, fates.length - 1);
  const marks = ticks({ domain: [0, last] }, 10).filter(Number.isInteger);
  return {
    label: "generation of the member (0 is before any training)",
    domain: [0, last],
    ticks: marks,
  };
}

function treePanel(
  data: RunData,
  tree: PhylogeneticTree<Row["snapshots"][number]>,
  x: Axis,
): Part {
  const { branches, rows } = tree;
  const margin = marginOf(data);
  const rowPx = Math.min(18, Math.max(minRowPx, targetHeight / rows));
  const generationPx = (figureWidth - 2 * margin) / x.domain[1];
  const strokePx = Math.max(0.6, Math.min(2.5, rowPx * 0.45));
  const best = new Set<SnapshotId>(data.bestLineage.map(({ id }) => id));
  const dots = dotsOf(data, branches, generationPx, rowPx);
  return panel({
    width: figureWidth,
    height: Math.round(rows * rowPx) + 90,
    x,
    y: {
      label: rowPx >= minLabelledRow ? "member" : "each row beside the one that it came from",
      domain: [rows - 0.4, -0.6],
      ticks: [],
    },
    marginLeft: margin,
    marginRight: margin,
    grid: false,
    marks: [
      bestMark(branches, best, Math.max(3, Math.min(9, rowPx * 0.8))),
      connectors(branches, Math.min(1, strokePx), data.groupOf),
      segments(data, branches, strokePx),
      labels(data, branches, rowPx),
      dots,
      hyperparameterCopies(branches, rowPx),
    ],
  });
}

/** A band below the lineage of the best model. */
function bestMark(
  branches: readonly Row[],
  best: ReadonlySet<SnapshotId>,
  width: number,
): Plot.Markish {
  const line = (x: Scale, y: Scale) =>
    branches
      .flatMap((branch) => {
        const marked = branch.snapshots.filter(({ id }) => best.has(id));
        if (marked.length === 0) return [];
        const y1 = px(y(branch.row));
        const end = px(x(marked.at(-1)!.generation));
        return branch.parentRow === undefined
          ? `M${px(x(marked[0]!.generation))},${y1}H${end}`
          : `M${px(x(branch.origin!.generation))},${px(y(branch.parentRow))}V${y1}H${end}`;
      })
      .join("");
  return path(line, {
    stroke: "var(--best)",
    "stroke-width": width,
    "stroke-opacity": 0.45,
    "stroke-linecap": "round",
    "stroke-linejoin": "round",
  });
}

/** A line from a copied snapshot to the branch that began with it, dashed between groups. */
function connectors(branches: readonly Row[], width: number, groupOf: GroupOf): Plot.Markish {
  const kinds = [true, false].flatMap((survives) =>
    [true, false].map((migrates) => ({ survives, migrates })),
  );
  return kinds.map(({ survives, migrates }) => {
    const drawn = branches.filter(
      (branch) =>
        branch.parentRow !== undefined &&
        branch.surviving > 0 === survives &&
        isMigration(branch, groupOf) === migrates,
    );
    const line = (x: Scale, y: Scale) =>
      drawn
        .map(({ origin, parentRow, row, snapshots }) => {
          const begin = px(x(origin!.generation));
          return `M${begin},${px(y(parentRow!))}V${px(y(row))}H${px(x(snapshots[0]!.generation))}`;
        })
        .join("");
    return path(line, {
      stroke: survives ? "var(--middle)" : "var(--faint)",
      "stroke-width": migrates ? 2 * width : width,
      ...(migrates && { "stroke-dasharray": "3,2" }),
    });
  });
}

/** One path for each colour, and for surviving and extinct branches. */
function segments({ scores }: RunData, branches: readonly Row[], width: number): Plot.Markish {
  const groups = new Map<string, { row: number; from: number; to: number }[]>();
  for (const { row, snapshots, surviving } of branches) {
    snapshots.forEach((snapshot, index) => {
      const from = snapshots[index - 1]?.generation;
      if (from === undefined || from === snapshot.generation) return;
      const score = earnedScore(snapshot);
      const color =
        score === undefined || !scores ? "muted" : `score-${colorOf(scores.goodness(score))}`;
      const key = `${index < surviving ? 1 : extinctOpacity} ${color}`;
      const group = groups.get(key) ?? [];
      const last = group.at(-1);
      if (last?.row === row && last.to === from) last.to = snapshot.generation;
      else group.push({ row, from, to: snapshot.generation });
      groups.set(key, group);
    });
  }
  return [...groups].sort().map(([key, stretches]) => {
    const [opacity, color] = key.split(" ") as [string, string];
    const line = (x: Scale, y: Scale) =>
      stretches.map(({ row, from, to }) => `M${px(x(from))},${px(y(row))}H${px(x(to))}`).join("");
    return path(line, {
      stroke: `var(--${color})`,
      "stroke-width": width,
      "stroke-opacity": opacity,
    });
  });
}

function colorOf(goodness: number): number {
  return Math.min(scoreColors - 1, Math.floor(goodness * scoreColors));
}

/** A dot for each snapshot, with a tooltip that describes it. */
function dotsOf(
  { history, scores }: RunData,
  branches: readonly Row[],
  generationPx: number,
  rowPx: number,
): Plot.Markish {
  const shown = branches.flatMap(({ row, snapshots, surviving }) =>
    snapshots.map((snapshot, index) => ({ row, snapshot, survives: index < surviving })),
  );
  if (shown.length > maxDots || generationPx < minDotPx || rowPx < 4) return null;
  const titleOf = snapshotTitles(history);
  const radius = Math.min(3.6, rowPx * 0.27, generationPx * 0.3);
  const points = shown.map(({ row, snapshot, survives }) => {
    const score = earnedScore(snapshot);
    const color =
      score === undefined || !scores ? "muted" : `score-${colorOf(scores.goodness(score))}`;
    return {
      generation: snapshot.generation,
      row,
      color: `var(--${color})`,
      opacity: survives ? 1 : extinctOpacity,
      radius: snapshot.kind === "trained" ? radius : radius * 0.6,
      title: titleOf(snapshot),
    };
  });
  return Plot.dot(points, {
    x: "generation",
    y: "row",
    r: { value: "radius", scale: null },
    fill: "color",
    fillOpacity: { value: "opacity", scale: null },
    title: "title",
  } as Plot.DotOptions);
}

/**
 * At the left the members of the roots, at the right the members whose newest snapshot is on the
 * branch.
 */
function labels(
  { history, groupOf }: RunData,
  branches: readonly Row[],
  rowPx: number,
): Plot.Markish {
  if (rowPx < minLabelledRow) return null;
  const newest = new Map<number, TreeSnapshot>();
  for (const snapshot of history.snapshots) newest.set(snapshot.member, snapshot);
  const roots = branches.filter(({ origin }) => !origin);
  const present = branches.filter(
    ({ member, snapshots }) => snapshots.at(-1) === newest.get(member),
  );
  const text = {
    y: "row",
    fill: "var(--muted)",
    fontSize: Math.min(11, rowPx),
    text: ({ member }: Row) => [member, groupOf(member) ?? ""].join(" ").trim(),
  };
  return [
    Plot.text(roots, {
      ...text,
      x: ({ snapshots }: Row) => snapshots[0]!.generation,
      dx: -9,
      textAnchor: "end",
    } as Plot.TextOptions),
    Plot.text(present, {
      ...text,
      x: ({ snapshots }: Row) => snapshots.at(-1)!.generation,
      dx: 9,
      textAnchor: "start",
    } as Plot.TextOptions),
  ];
}

/** Marks copies of hyperparameters only, which begin no branch. */
function hyperparameterCopies(branches: readonly Row[], rowPx: number): Plot.Markish {
  const copies = branches.flatMap(({ row, snapshots }) =>
    snapshots
      .filter(copiesHyperparametersOnly)
      .map((snapshot) => ({ row, generation: snapshot.generation, snapshot })),
  );
  if (copies.length > maxDots || rowPx < 4) return null;
  return Plot.dot(copies, {
    x: "generation",
    y: "row",
    r: Math.min(3, rowPx * 0.25),
    symbol: "square",
    fill: "var(--paper)",
    stroke: "var(--ink)",
    strokeWidth: 1,
    title: ({ snapshot }: { snapshot: TreeSnapshot }) =>
      `member ${snapshot.member} kept its weights and copied the hyperparameters ` +
      `of snapshot ${snapshot.donor}`,
  });
}

/** How many members left no descendant, generation by generation. */
function fatesPanel(fates: readonly GenerationFate[], x: Axis, margin: number): Part {
  const max = fates.reduce((greatest, { members }) => Math.max(greatest, members), 1);
  const area = (bound: (fate: GenerationFate) => number) => (x: Scale, y: Scale) => {
    const upper = fates.map((fate) => `${px(x(fate.generation))},${px(y(bound(fate)))}`);
    return `M${px(x(0))},${px(y(0))}L${upper.join("L")}V${px(y(0))}Z`;
  };
  return panel({
    width: figureWidth,
    height: 160,
    x,
    y: { label: "members whose weights left no descendant", domain: [0, max] },
    marginLeft: margin,
    marginRight: margin,
    marks: [
      path(
        area(({ extinct }) => extinct),
        { fill: "var(--faint)" },
      ),
      Plot.line(fates, {
        x: "generation",
        y: "members",
        stroke: "var(--muted)",
        strokeDasharray: "3,3",
      }),
    ],
  });
}
