/**
 * What the numeric kinds share. A number moves on one of three scales:
 *
 *     log:     value * factor
 *     nearOne: 1 - (1 - value) / factor
 *     linear:  value + (factor - 1) * max(|value|, width / 10), away from zero for factors above 1
 *
 * so a linear move is a factor too, but never smaller than the same factor makes at a tenth of the
 * range, so zero is not a trap. Then the value is brought back into the bounds, and onto the grid
 * if the kind has one (`integer`, `quantized`). On a grid a move is at least one step, and at a
 * bound it turns around, so that no value is a fixed point.
 */
import type { Mistake } from "../../algorithm/problem.ts";
import type { Random } from "../../algorithm/random.ts";
import type { Declared } from "./declared.ts";

export interface NumericOptions {
  /** Where moves may go, when that is wider than the prior. */
  readonly bounds?: readonly [low: number, high: number];
}

interface Numeric {
  readonly written: string;
  readonly prior: { readonly low: number; readonly high: number; draw(random: Random): number };
  readonly bounds: readonly [low: number, high: number] | undefined;
  readonly scale: keyof typeof scales;
  /** The width of the linear scale, where it differs from that of the bounds. */
  readonly width?: number;
  /** Values are whole multiples of it. */
  readonly grid?: number;
  readonly mistakes?: readonly Mistake[];
}

/** Where a value lies on its scale, and back. */
export const scales = {
  linear: { placeOf: (value: number) => value, at: (place: number) => place },
  log: { placeOf: Math.log, at: Math.exp },
  nearOne: {
    placeOf: (value: number) => -Math.log1p(-value),
    at: (place: number) => -Math.expm1(-place),
  },
};

/** A number as a user declares it, with its bounds and its scale. */
export interface DeclaredNumber extends Declared<number> {
  readonly numeric: Numeric;
}

export function declareNumber(numeric: Numeric): DeclaredNumber {
  const { prior, scale, grid } = numeric;
  const [low, high] = numeric.bounds ? boundsOf(numeric.bounds) : [prior.low, prior.high];
  const nearest =
    grid === undefined
      ? (value: number) => clamp(value, low, high)
      : nearestMultiple(low, high, grid);

  function target(value: number, factor: number): number {
    if (scale === "log") return value * factor;
    if (scale === "nearOne") return 1 - (1 - value) / factor;
    const away = (factor - 1) * Math.max(Math.abs(value), (numeric.width ?? high - low) / 10);
    return value + (value < 0 ? -away : away);
  }

  function perturb(value: number, factor: number): number {
    const goal = target(value, factor);
    const moved = nearest(goal);
    if (grid === undefined || moved !== value) return moved;
    const step = goal > value ? grid : -grid;
    const neighbour = nearest(value + step);
    return neighbour === value ? nearest(value - step) : neighbour;
  }

  return {
    numeric,
    written: numeric.written,
    mistakes: [...(numeric.mistakes ?? []), ...rangeMistakes(numeric)],
    sample: (random) => nearest(prior.draw(random)),
    perturb,
    ...(scale !== "linear" && { span: Math.exp(width(scale, low, high)) }),
    order: (value) => {
      const { placeOf } = scales[scale];
      return (placeOf(value) - placeOf(low)) / width(scale, low, high);
    },
    admits: (value): value is number => typeof value === "number" && nearest(value) === value,
    nearest: (value) =>
      typeof value === "number" && !Number.isNaN(value) ? nearest(value) : undefined,
  };
}

function width(scale: keyof typeof scales, low: number, high: number): number {
  const { placeOf } = scales[scale];
  return placeOf(high) - placeOf(low);
}

/** The two bounds, NaN where a program without types has left them out. Never throws. */
export function boundsOf(bounds: unknown): [low: number, high: number] {
  const [low = Number.NaN, high = Number.NaN] = Array.isArray(bounds) ? bounds : [];
  return [low, high];
}

function nearestMultiple(low: number, high: number, grid: number): (value: number) => number {
  const [lowest, highest] = multiplesWithin(low, high, grid);
  return (value) => {
    const multiple = clamp(Math.round(value / grid), lowest, highest) * grid;
    return Number.isInteger(grid) ? multiple + 0 : Number(multiple.toPrecision(15));
  };
}

/**
 * The first and the last multiple. The billionth of a step allows for bounds such as 0.3, which is
 * not an exact multiple of 0.1 in binary.
 */
function multiplesWithin(
  low: number,
  high: number,
  grid: number,
): [lowest: number, highest: number] {
  return [Math.ceil(low / grid - 1e-9), Math.floor(high / grid + 1e-9)];
}

function rangeMistakes({ prior, bounds, scale, grid }: Numeric): Mistake[] {
  const [low, high] = bounds ? boundsOf(bounds) : [prior.low, prior.high];
  if (![prior.low, prior.high, low, high].every(Number.isFinite)) {
    return [
      { rule: "the bounds must be finite numbers", remedy: "give a lower and an upper bound" },
    ];
  }
  if (!Number.isFinite(10 * (high - low)))
    return [
      { rule: "the distance between the bounds is too large for a number", remedy: "narrow them" },
    ];
  if (prior.low >= prior.high) {
    const remedy =
      prior.low === prior.high
        ? `use constant(${prior.low})`
        : `swap them: ${prior.high}, ${prior.low}`;
    return [{ rule: "the lower bound must be below the upper", remedy }];
  }
  const mistakes: Mistake[] = [];
  if (low > prior.low || high < prior.high) {
    mistakes.push({
      rule:
        `bounds [${low}, ${high}] must contain the prior's range, ${prior.low} to ` +
        `${prior.high}`,
      remedy: "widen the bounds or narrow the prior",
    });
  }
  if (scale === "log" && low <= 0) {
    mistakes.push({
      rule: "the lower bound must be above 0",
      remedy: `use uniform(${low}, ${high}) or a small positive bound`,
    });
  }
  if (scale === "nearOne" && high >= 1) {
    mistakes.push({
      rule: "the upper bound must be below 1",
      remedy: `use uniform(${low}, ${high}) or a bound such as 0.9999`,
    });
  }
  if (grid === undefined) return mistakes;
  if (!(Number.isFinite(grid) && grid > 0)) {
    mistakes.push({
      rule: "the step must be a number above 0",
      remedy: "give the distance between neighbouring values",
    });
    return mistakes;
  }
  const [lowest, highest] = multiplesWithin(low, high, grid);
  if (lowest > highest) {
    mistakes.push({
      rule: `no multiple of ${grid} lies within the bounds`,
      remedy: "widen the bounds or use a smaller step",
    });
  }
  return mistakes;
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(Math.max(value, low), high);
}
