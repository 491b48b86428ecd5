import type { HyperparameterValue } from "../algorithm/snapshot.ts";
import { type Axis, marginFor } from "./axes.ts";
import { categoryColors } from "./theme.ts";
import { shortened, value } from "./words.ts";

const longestLabel = 16;

/**
 * The places of a hyperparameter's categories, from 0 on. If there are more categories than
 * colours, the rarest share the last place.
 */
export interface Categories {
  readonly labels: readonly string[];
  place(value: HyperparameterValue): number;
}

/** Numbers are ordered by size, all else by name. */
export function categoryPlaces(values: readonly HyperparameterValue[]): Categories {
  const counts = new Map<HyperparameterValue, number>();
  for (const given of values) counts.set(given, (counts.get(given) ?? 0) + 1);
  const byCount = [...counts].sort((a, b) => b[1] - a[1]).map(([category]) => category);
  const shown = byCount.length <= categoryColors ? byCount : byCount.slice(0, categoryColors - 1);
  shown.sort((a, b) =>
    typeof a === "number" && typeof b === "number" ? a - b : String(a) < String(b) ? -1 : 1,
  );
  const places = new Map(shown.map((category, place) => [category, place]));
  const labels = labelsOf(shown);
  const others = byCount.length - shown.length;
  return {
    labels: others > 0 ? [...labels, `${others} others`] : labels,
    place: (given) => places.get(given) ?? shown.length,
  };
}

/** Shortens names to their beginnings, or to their ends where the beginnings are the same. */
function labelsOf(categories: readonly HyperparameterValue[]): readonly string[] {
  const labels = categories.map((category) => shortened(value(category), longestLabel));
  return labels.map((label, place) => {
    if (labels.indexOf(label) === labels.lastIndexOf(label)) return label;
    const whole = [...String(categories[place])];
    return whole.length <= longestLabel
      ? whole.join("")
      : `…${whole.slice(1 - longestLabel).join("")}`;
  });
}

/**
 * An axis with a band for each category, the first at the bottom, so that numbers rise as on any
 * other axis, and the lines between the bands.
 */
export function categoryAxis(
  label: string,
  { labels }: Categories,
): { readonly axis: Axis; readonly marginLeft: number; readonly separators: readonly number[] } {
  return {
    axis: {
      label,
      domain: [-0.5, labels.length - 0.5],
      ticks: labels.map((_, place) => place),
      format: (place) => labels[place] ?? "",
    },
    marginLeft: marginFor(labels),
    separators: Array.from({ length: labels.length + 1 }, (_, index) => index - 0.5),
  };
}
