import { nearest } from "../../algorithm/nearest.ts";
import { BadInputError } from "../../algorithm/problem.ts";
import type { Variant } from "./variants.ts";

/**
 * Whom each variant is compared with; a baseline is compared with nobody. It is the named method or variant, or else the study's, or what
 * is called random search, or the first. Of several variants of a baseline's method each variant gets the one whose point agrees with its
 * own on every setting that the baseline's has, and none when there is none. Throws a `BadInputError` for a name that is neither.
 */
export function baselinesOf<V extends Variant>(
  variants: readonly V[],
  named: string | undefined,
): ReadonlyMap<V, V> {
  const candidates = candidatesOf(variants, named);
  const pairs = variants.flatMap((variant): [V, V][] => {
    if (candidates.includes(variant)) return [];
    const baseline = baselineOf(variant, candidates);
    return baseline ? [[variant, baseline]] : [];
  });
  return new Map(pairs);
}

const randomSearch = /random-search$/;

function candidatesOf<V extends Variant>(variants: readonly V[], named: string | undefined): readonly V[] {
  if (named !== undefined) {
    const found = calledSo(variants, named);
    if (found.length > 0) return found;
    const known = [...new Set(variants.flatMap(({ method, name }) => [method, name]))];
    const rule = "is no method and no variant of what is compared";
    throw new BadInputError([{ path: "baseline", value: named, rule, remedy: nearest(named, known) }]);
  }
  const ofStudy = new Set(variants.flatMap(({ baseline }) => baseline ?? []));
  const found = variants.filter(({ method, name }) => ofStudy.has(method) || ofStudy.has(name));
  if (found.length > 0) return found;
  const random = variants.filter(({ method }) => randomSearch.test(method));
  return random.length > 0 ? random : variants.slice(0, 1);
}

function calledSo<V extends Variant>(variants: readonly V[], name: string): readonly V[] {
  const variant = variants.find((each) => each.name === name);
  return variant ? [variant] : variants.filter(({ method }) => method === name);
}

function baselineOf<V extends Variant>(variant: V, candidates: readonly V[]): V | undefined {
  if (candidates.length === 1) return candidates[0];
  const agreeing = candidates.filter(({ point }) =>
    Object.entries(point).every(
      ([path, value]) => JSON.stringify(variant.point[path]) === JSON.stringify(value),
    ),
  );
  // `clade run --control` calls the control of "digits" "digits-random-search".
  const own = agreeing.find(({ method }) => method === `${variant.method}-random-search`);
  const settings = ({ point }: V) => Object.keys(point).length;
  return own ?? agreeing.toSorted((a, b) => settings(b) - settings(a))[0];
}
