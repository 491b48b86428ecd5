import { type CompareOptions, compareRuns } from "../../analysis/comparison/compare.ts";
import { readHistory } from "../../analysis/history.ts";
import type { Context } from "../context.ts";
import { command } from "../declare/command.ts";
import { comparisonOptions } from "../options/comparison-options.ts";
import { json } from "../options/json.ts";
import { type StoreOptions, store } from "../options/store-options.ts";
import { comparisonText } from "../printing/comparison-text.ts";
import { readableRuns } from "../runs/damaged-runs.ts";
import { namedRuns } from "../runs/named-runs.ts";
import { openStores } from "../runs/open-store.ts";

export const compare = command({
  options: [...comparisonOptions, store, json],
  action: (context, { store, json = false, ...comparing }, names: readonly string[]) =>
    printComparison(context, names, { ...(store !== undefined && { store }), json }, comparing),
});

/** Compares runs, or all runs of studies. */
export async function printComparison(
  context: Context,
  names: readonly string[],
  { json, ...place }: StoreOptions & { readonly json: boolean },
  comparing: CompareOptions,
): Promise<void> {
  await using stores = await openStores(context, place);
  const runs = namedRuns(names, await readableRuns(context, stores.population));
  const histories = [];
  for (const { id } of runs) histories.push(await readHistory(stores.population, id));
  const comparison = compareRuns(histories, comparing);
  context.print(json ? JSON.stringify(comparison) : comparisonText(comparison));
}
