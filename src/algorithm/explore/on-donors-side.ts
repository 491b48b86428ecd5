import type { SearchSpace } from "../search-space.ts";
import type { Hyperparameters, HyperparameterValue } from "../snapshot.ts";

/** How often values are drawn again. */
const draws = 16;

/**
 * Draws until every value stays on the donor's side of the one that failed: where that was above the donor's, below it, and the other way round; of a kind without an order, any other. Nobody
 * knows which of the values failed, so each is kept apart. What no draw gets right takes the donor's value, with which it trains.
 */
export function drawnOnDonorsSide(
  draw: () => Hyperparameters,
  space: SearchSpace,
  donor: Hyperparameters,
  failed: Hyperparameters,
): Hyperparameters {
  const isWrong = (values: Hyperparameters, name: string) =>
    !isOnDonorsSide(values[name], donor[name], failed[name], orderOf(space, name));
  let drawn = draw();
  for (let again = 1; again < draws && space.names.some((name) => isWrong(drawn, name)); again++)
    drawn = draw();
  const wrong = space.names.filter((name) => isWrong(drawn, name));
  return { ...drawn, ...Object.fromEntries(wrong.map((name) => [name, donor[name]])) };
}

type Order = (value: HyperparameterValue) => number | undefined;

function orderOf(space: SearchSpace, name: string): Order {
  const { order } = space.hyperparameter(name);
  return (value) => order?.(value) ?? (typeof value === "number" ? value : undefined);
}

function isOnDonorsSide(
  value: HyperparameterValue | undefined,
  donor: HyperparameterValue | undefined,
  failed: HyperparameterValue | undefined,
  order: Order,
): boolean {
  if (value === undefined || failed === undefined || value === donor || failed === donor) return true;
  const [place, own, bad] = [order(value), donor === undefined ? undefined : order(donor), order(failed)];
  if (place === undefined || own === undefined || bad === undefined) return value !== failed;
  return bad > own ? place < bad : place > bad;
}
