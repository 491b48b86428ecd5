import type * as Plot from "@observablehq/plot";
import { quantile, type Stretch, sorted } from "../analysis/distribution.ts";
import { px } from "./line-path.ts";
import { path } from "./svg.ts";

interface Edges {
  readonly fromStep: number;
  readonly toStep: number;
  readonly quantiles: readonly [number, number, number, number, number];
}

/** The quantiles 5 to 95 and 25 to 75 % as areas, and the median as a line, in steps. A stretch without values is a gap. */
export function bands(
  stretches: readonly Stretch<number>[],
  within: (value: number) => number = (value) => value,
): Plot.Markish {
  const runs = stretchesWithValues(stretches, within);
  const area = (low: number, high: number, token: string) =>
    path(
      (x, y) =>
        runs
          .map((run) => {
            const upper = run.map(
              ({ fromStep, toStep, quantiles }) =>
                `${px(x(fromStep))},${px(y(quantiles[high]!))}H${px(x(toStep))}`,
            );
            const lower = run
              .toReversed()
              .map(
                ({ fromStep, toStep, quantiles }) =>
                  `${px(x(toStep))},${px(y(quantiles[low]!))}H${px(x(fromStep))}`,
              );
            return `M${[...upper, ...lower].join("L")}Z`;
          })
          .join(""),
      { fill: `var(--${token})` },
    );
  const median = path(
    (x, y) =>
      runs
        .map(
          (run) =>
            `M${run.map(({ fromStep, toStep, quantiles }) => `${px(x(fromStep))},${px(y(quantiles[2]))}H${px(x(toStep))}`).join("L")}`,
        )
        .join(""),
    { stroke: "var(--band-middle)", "stroke-width": 1.3 },
  );
  return [area(0, 4, "band-outer"), area(1, 3, "band-inner"), median];
}

/** Neighbours with values. A stretch in which nobody ended a generation is bridged by the one before. */
function stretchesWithValues(
  stretches: readonly Stretch<number>[],
  within: (value: number) => number,
): readonly (readonly Edges[])[] {
  const runs: Edges[][] = [[]];
  stretches.forEach(({ fromStep, toStep, values }, index) => {
    if (values.length === 0) {
      if (runs.at(-1)!.length > 0) runs.push([]);
      return;
    }
    const inOrder = sorted(values);
    const at = (share: number) => within(quantile(inOrder, share));
    const end = stretches[index + 1]?.fromStep ?? toStep;
    runs
      .at(-1)!
      .push({ fromStep, toStep: end, quantiles: [at(0.05), at(0.25), at(0.5), at(0.75), at(0.95)] });
  });
  return runs.filter(({ length }) => length > 0);
}
