/** The legend and the caption of the phylogenetic tree. */
import type { TreeSnapshot } from "../algorithm/snapshot.ts";
import type { Branch } from "../analysis/branches.ts";
import {
  copiesHyperparametersOnly,
  type PhylogeneticTree,
} from "../analysis/phylogenetic-tree.ts";
import type { GroupOf } from "../experiment/groups.ts";
import type { LegendEntry } from "./legend.ts";
import type { RunData } from "./run-data.ts";
import { count, number, plural } from "./words.ts";

type Tree = PhylogeneticTree<TreeSnapshot>;

/** Whether a branch began with a copy from another group. */
export function isMigration({ member, origin }: Branch, groupOf: GroupOf): boolean {
  return origin !== undefined && groupOf(origin.member) !== groupOf(member);
}

function migrations({ groupOf }: RunData, branches: readonly Branch[]): number {
  return branches.filter((branch) => isMigration(branch, groupOf)).length;
}

export function entries(
  data: RunData,
  { branches, total }: PhylogeneticTree,
): readonly LegendEntry[] {
  const isWhole = branches.length === total;
  const { scores, bestLineage, history } = data;
  const hasOwnCopies = history.snapshots.some(copiesHyperparametersOnly);
  return [
    ...(scores
      ? [
          {
            sign: "scores",
            label: scores.label,
            low:
              scores.worstColored === scores.best
                ? "worse"
                : `${number(scores.worstColored)} or worse`,
            high: number(scores.best),
          } as const,
        ]
      : []),
    ...(bestLineage.length > 0
      ? [
          {
            sign: "area",
            color: "var(--best)",
            opacity: 0.45,
            label: "lineage of the best model",
          } as const,
        ]
      : []),
    ...(isWhole
      ? [{ sign: "line", color: "var(--faint)", width: 2, label: "pale: extinct" } as const]
      : [
          { sign: "area", color: "var(--faint)", label: "extinct" } as const,
          { sign: "line", color: "var(--muted)", dash: "3,3", label: "all members" } as const,
        ]),
    ...(migrations(data, branches) > 0
      ? [
          {
            sign: "line",
            color: "var(--middle)",
            width: 2,
            dash: "3,2",
            label: "copied from another group",
          } as const,
        ]
      : []),
    ...(hasOwnCopies && isWhole
      ? [{ sign: "square", color: "var(--ink)", label: "copied hyperparameters only" } as const]
      : []),
  ];
}

export function captionOf(data: RunData, { branches, total, fates }: Tree): string {
  const { history, bestLineage, scores } = data;
  const isWhole = branches.length === total;
  const roots = new Set(
    branches.flatMap(({ surviving, snapshots: [first] }) =>
      surviving > 0 && first?.kind === "initial" ? [first.member] : [],
    ),
  ).size;
  const { population } = history.run.experiment;
  const hasRestarts = history.snapshots.some(({ kind }) => kind === "restarted");
  const sentences = [
    isWhole
      ? "Every row is a branch: the training of one member between two copies of weights. " +
        "A branch that began with a copy is joined to the snapshot that was copied. " +
        "Pale branches have no descendant among the newest snapshots."
      : "Every row leads to the newest snapshot of one member, and begins at the snapshot of " +
        `another row that was copied. Of ${count(total)} branches these are the ` +
        `${count(branches.length)} that have a descendant among the newest snapshots; ` +
        "the area below counts, generation by generation, the members that have none.",
    ...(scores
      ? ["Colours show the score at the end of each generation."]
      : ["No snapshot has a score."]),
    "Numbers are members: at the left the initial ones" +
      (hasRestarts ? " and those that restarted with fresh weights" : "") +
      ", at the right those that hold the weights now.",
    `Of ${plural(population, "initial member")}, ${count(roots)} ` +
      `${roots === 1 ? "has" : "have"} descendants` +
      `${fates.length > 1 ? ` after ${plural(fates.length - 1, "generation")}` : ""}.`,
  ];
  const migrated = migrations(data, branches);
  if (migrated > 0)
    sentences.push(
      `${plural(migrated, "branch", "branches")} began with a copy from another group.`,
    );
  if (bestLineage.length > 0)
    sentences.push("The broad band marks the lineage of the best model.");
  return sentences.join(" ");
}
