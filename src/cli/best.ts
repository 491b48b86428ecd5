import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { CladeError } from "../algorithm/clade-error.ts";
import { legibleJson } from "../algorithm/legible.ts";
import { schedule } from "../algorithm/schedule.ts";
import { lineage } from "../analysis/lineage.ts";
import { count } from "../report/words.ts";
import { resultOf } from "../worker/watch.ts";
import { findRun } from "./find-run.ts";
import { hyperparameters, measured } from "./format.ts";
import { openStores, type StoreOptions } from "./open-store.ts";
import { newDirectory } from "./output-place.ts";
import { scheduleText } from "./schedule-text.ts";

export async function bestCommand(
  name: string | undefined,
  options: StoreOptions & { readonly out?: string; readonly json?: boolean },
): Promise<void> {
  await using stores = await openStores(options);
  const run = await findRun(stores.population, name);
  const { best, score, final } = await resultOf(stores.population, run.id);
  if (!best?.checkpoint)
    throw new CladeError(`run ${run.id}: has no scored snapshot yet; wait for its first generation`);
  const segments = schedule(await lineage(best.id, (id) => stores.population.snapshot(run.id, id)));
  const { metric, final: finalMetric } = run.experiment.objective;
  const summary = {
    run: run.id,
    seed: run.seed,
    snapshot: best.id,
    step: best.step,
    score,
    ...(final !== undefined && { final }),
    metrics: best.metrics,
    hyperparameters: best.hyperparameters,
  };
  const { out } = options;
  let files: readonly { name: string; size: number }[] = [];
  if (out !== undefined) {
    await newDirectory(out);
    // Pinned, so that a run that goes on does not collect the files while they are written. A store that is read-only cannot, and need not.
    const pin = `best ${process.pid}`;
    await stores.population.pin(run.id, pin, best.checkpoint).catch(() => {});
    try {
      await using checkpoints = await stores.checkpoints(run);
      files = await checkpoints.exportTo(best.checkpoint, join(out, "checkpoint"));
    } finally {
      await stores.population.unpin(run.id, pin).catch(() => {});
    }
    await writeFile(join(out, "best.json"), legibleJson(summary));
    await writeFile(join(out, "schedule.json"), legibleJson(segments));
  }
  if (options.json) {
    console.log(JSON.stringify({ ...summary, schedule: segments }));
    return;
  }
  const others = Object.entries(best.metrics)
    .filter(([name]) => name !== metric && name !== finalMetric)
    .map(([name, value]) => `, ${measured(name, value)}`)
    .join("");
  const heldOut = final === undefined ? "" : `, ${measured(finalMetric, final)} (held out)`;
  console.log(
    `best of ${run.id}: ${measured(metric, score)}${heldOut}${others}, snapshot ${best.id} at step ${count(best.step)}`,
  );
  console.log(`${hyperparameters(best.hyperparameters)}\n\n${scheduleText(segments)}`);
  if (out !== undefined) {
    console.log(
      `\nwritten to ${out}: best.json, schedule.json, ${files.map(({ name }) => join("checkpoint", name)).join(", ")}`,
    );
  }
}
