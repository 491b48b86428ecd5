import type { Population } from "../population.ts";
import type { SearchSpace } from "../search-space.ts";
import type { Hyperparameters, HyperparameterValue } from "../snapshot.ts";
import { asExplored, type Explore } from "./explore.ts";

/** How often values are drawn again. */
const draws = 16;

/** The hyperparameters with which a member has always failed. */
export interface Failed {
  readonly member: number;
  readonly values: readonly Hyperparameters[];
}

/**
 * Explores on the near side of what has failed: below a failed value that lies above the start,
 * above one that lies below it, and with any other value of a kind without an order. Which value
 * was at fault is not known. So each is suspect, unless another member trains with it or with one
 * beyond it. A hyperparameter that no draw gets right keeps the value of the start.
 */
export function apartFromFailed(
  explore: Explore,
  { member, values }: Failed,
  population: Population,
): Explore {
  const others = population.ranked.filter(
    (other) => other.member !== member && other.kind === "trained",
  );
  return (starting, space, ...rest) => {
    const suspects = values.flatMap((failed) =>
      space.names.flatMap((name) => {
        const isBeyond = beyond(starting[name], failed[name], orderOf(space, name));
        const isTrained = others.some(({ hyperparameters }) => isBeyond(hyperparameters[name]));
        return isTrained ? [] : [{ name, isBeyond }];
      }),
    );
    const wrong = (drawn: Hyperparameters) =>
      suspects.filter(({ name, isBeyond }) => isBeyond(drawn[name]));
    const draw = () => asExplored(explore({ ...starting }, space, ...rest));
    let drawn = draw();
    for (let again = 1; again < draws && wrong(drawn.hyperparameters).length > 0; again++)
      drawn = draw();
    const kept = wrong(drawn.hyperparameters).map(({ name }) => [name, starting[name]]);
    if (kept.length === 0) return drawn;
    const hyperparameters = { ...drawn.hyperparameters, ...Object.fromEntries(kept) };
    return { hyperparameters, remark: "" };
  };
}

type Order = (value: HyperparameterValue) => number | undefined;

function orderOf(space: SearchSpace, name: string): Order {
  const { order } = space.hyperparameter(name);
  return (value) => order?.(value) ?? (typeof value === "number" ? value : undefined);
}

/**
 * Whether a value is the one that failed, or lies beyond it, seen from the start. No value does
 * where the start itself is the one that failed.
 */
function beyond(
  starting: HyperparameterValue | undefined,
  failed: HyperparameterValue | undefined,
  order: Order,
): (value: HyperparameterValue | undefined) => boolean {
  if (failed === undefined || starting === failed) return () => false;
  const [own, bad] = [starting === undefined ? undefined : order(starting), order(failed)];
  return (value) => {
    if (value === undefined || value === starting) return false;
    const place = order(value);
    if (place === undefined || own === undefined || bad === undefined) return value === failed;
    return bad > own ? place >= bad : place <= bad;
  };
}
