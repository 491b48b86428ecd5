import type * as Plot from "@observablehq/plot";
import { quantile, type Stretch, sorted } from "../analysis/distribution.ts";
import { px } from "./line-path.ts";
import { path } from "./svg.ts";

type Quantiles = readonly [number, number, number, number, number];

/** Places, from left to right, with their quantiles. */
interface Place {
  readonly step: number;
  readonly quantiles: Quantiles;
}

/**
 * The quantiles 5 to 95 and 25 to 75 % as areas, and the median as a line. "steps" is for values
 * that hold for a whole stretch, "points" for those that were measured at one moment in it. A
 * stretch without values is a gap.
 */
export function bands(
  stretches: readonly Stretch<number>[],
  shape: "steps" | "points",
  within: (value: number) => number = (value) => value,
): Plot.Markish {
  const pieces = piecesOf(stretches, shape, within);
  const corners = (piece: readonly Place[], index: number, x: Scale, y: Scale) =>
    piece.map(({ step, quantiles }) => `${px(x(step))},${px(y(quantiles[index]!))}`);
  const area = (low: number, high: number, token: string) =>
    path(
      (x, y) =>
        pieces
          .map((piece) => {
            const back = corners(piece, low, x, y).reverse();
            return `M${[...corners(piece, high, x, y), ...back].join("L")}Z`;
          })
          .join(""),
      { fill: `var(--${token})` },
    );
  const median = path(
    (x, y) => pieces.map((piece) => `M${corners(piece, 2, x, y).join("L")}`).join(""),
    {
      stroke: "var(--band-middle)",
      "stroke-width": 1.3,
    },
  );
  return [area(0, 4, "band-outer"), area(1, 3, "band-inner"), median];
}

type Scale = (value: number) => number;

/**
 * Neighbouring stretches with values. The stretch before bridges one in which no member ended a
 * generation.
 */
function piecesOf(
  stretches: readonly Stretch<number>[],
  shape: "steps" | "points",
  within: (value: number) => number,
): readonly (readonly Place[])[] {
  const pieces: Place[][] = [[]];
  stretches.forEach(({ fromStep, toStep, meanStep, values }, index) => {
    const piece = pieces.at(-1)!;
    if (values.length === 0) {
      if (piece.length > 0) pieces.push([]);
      return;
    }
    const inOrder = sorted(values);
    const at = (share: number) => within(quantile(inOrder, share));
    const quantiles: Quantiles = [at(0.05), at(0.25), at(0.5), at(0.75), at(0.95)];
    if (shape === "points") piece.push({ step: meanStep, quantiles });
    else
      piece.push(
        { step: fromStep, quantiles },
        { step: stretches[index + 1]?.fromStep ?? toStep, quantiles },
      );
  });
  return pieces.filter(({ length }) => length > 0);
}
