import { nearest } from "../../algorithm/nearest.ts";
import { BadInputError } from "../../algorithm/problem.ts";
import type { Variant } from "./variants.ts";

/**
 * The baseline of each variant; a baseline has none itself. It is the named variant or method;
 * without a name the study's method, the method called random search, or the first variant, in
 * this order. If it is a method, a variant gets that method's variant whose point has only
 * settings that agree with its own. It gets none if there is no such variant. Throws a
 * `BadInputError` for a name that is neither a variant nor a method.
 */
export function baselinesOf<V extends Variant>(
  variants: readonly V[],
  named: string | undefined,
): ReadonlyMap<V, V> {
  const one = variants.find(({ name }) => name === named);
  const candidates = one ? [one] : ofMethod(variants, named);
  const [first] = candidates.length > 0 ? candidates : variants;
  const pairs = variants.flatMap((variant): [V, V][] => {
    if (variant === first || candidates.includes(variant)) return [];
    const baseline = one || candidates.length === 0 ? first : atItsPoint(variant, candidates);
    return baseline ? [[variant, baseline]] : [];
  });
  return new Map(pairs);
}

const randomSearch = /random-search$/;

function ofMethod<V extends Variant>(
  variants: readonly V[],
  named: string | undefined,
): readonly V[] {
  if (named !== undefined) {
    const found = variants.filter(({ method }) => method === named);
    if (found.length > 0) return found;
    const known = [...new Set(variants.flatMap(({ method, name }) => [method, name]))];
    const rule = "is not a compared method or variant";
    throw new BadInputError([
      { path: "baseline", value: named, rule, remedy: nearest(named, known) },
    ]);
  }
  const ofStudy = new Set(variants.flatMap(({ baseline }) => baseline ?? []));
  const found = variants.filter(({ method }) => ofStudy.has(method));
  return found.length > 0 ? found : variants.filter(({ method }) => randomSearch.test(method));
}

function atItsPoint<V extends Variant>(variant: V, candidates: readonly V[]): V | undefined {
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
