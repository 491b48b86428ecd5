/** The figures of a run, also while it goes on. */
import type { PopulationStore, RunId } from "../population-store/population-store.ts";
import type { Figure, NoFigure } from "../report/figure.ts";
import type { Theme } from "../report/theme.ts";
import { summaryOf } from "./run-summary.ts";

/** The figures of a run. */
export interface RunFigures {
  /** Every member's score over its steps, and the best model's lineage. */
  readonly lineage: RunFigure;
  /** Who descends from whom. */
  readonly tree: RunFigure;
  /** The hyperparameters over the steps. */
  readonly schedules: RunFigure;
}

/** The text of an SVG, or in a sentence why there is nothing to draw. */
export type RunFigure =
  | { readonly title: string; readonly caption: string; readonly svg: string }
  | { readonly title: string; readonly why: string; readonly svg?: undefined };

/**
 * The figures of what was published in a run so far, each as one SVG, for light paper (the
 * default) or dark. Throws `RunNotFoundError`.
 */
export async function runFigures(
  populationStore: PopulationStore,
  id: RunId,
  theme: Theme = "light",
): Promise<RunFigures> {
  const { readRunHistory } = await import("../analysis/run-history.ts");
  const { figuresOf } = await import("../report/run-report.ts");
  const { standalone } = await import("../report/theme.ts");
  const { best } = await summaryOf(populationStore, id);
  const shown = (figure: Figure | NoFigure): RunFigure => {
    const { title } = figure;
    if (figure.kind === "none") return { title, why: figure.why };
    return { title, caption: figure.caption, svg: standalone(figure.svg, theme) };
  };
  const drawn = figuresOf(await readRunHistory(populationStore, id), best);
  const { lineage, tree, schedules } = drawn;
  return { lineage: shown(lineage), tree: shown(tree), schedules: shown(schedules) };
}
