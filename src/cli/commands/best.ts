import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { CladeError } from "../../algorithm/clade-error.ts";
import { legibleJson } from "../../algorithm/legible.ts";
import { schedule } from "../../algorithm/schedule.ts";
import { lineage } from "../../analysis/lineage.ts";
import { CheckpointError } from "../../checkpoint-store/checkpoint-store.ts";
import type { Run } from "../../population-store/population-store.ts";
import { lostModelLines } from "../../report/lost-models.ts";
import { hyperparameters, stepsOfModel } from "../../report/words.ts";
import { summaryOf } from "../../run/run-summary.ts";
import { verifyBest, verifyBestOnce } from "../../worker/best-model.ts";
import type { Context, Place } from "../context.ts";
import { command } from "../declare/command.ts";
import { type OptionsOf, option } from "../declare/option.ts";
import { json } from "../options/json.ts";
import { storeOptions } from "../options/store-options.ts";
import { filledDirectory } from "../output/output-place.ts";
import { measured } from "../printing/format.ts";
import { scheduleText } from "../printing/schedule-text.ts";
import { findRun } from "../runs/find-run.ts";
import { openStores, type Stores } from "../runs/open-store.ts";

type Checkpoints = Awaited<ReturnType<Stores["checkpoints"]>>;

const declared = [
  option("--out <directory>", "where to write them"),
  ...storeOptions,
  json,
] as const;

export const best = command({
  options: declared,
  action: tellBest,
});

async function tellBest(
  context: Context,
  options: OptionsOf<typeof declared>,
  name: string | undefined,
): Promise<void> {
  const { print } = context;
  await using stores = await openStores(context, options);
  const run = await findRun(context, stores.population, name);
  const out = options.out === undefined ? undefined : context.at(options.out);
  const { files, result } =
    out === undefined ? await shown(stores, run) : await written(stores, run, out);
  const { summary, segments, best, score, final, lost } = result;
  if (options.json) {
    print(JSON.stringify({ ...summary, schedule: segments }));
    return;
  }
  const { metric, final: finalMetric } = run.experiment.objective;
  const others = Object.entries(best.metrics)
    .filter(([name]) => name !== metric && name !== finalMetric)
    .map(([name, value]) => `, ${measured(name, value)}`)
    .join("");
  const heldOut = final === undefined ? "" : `, ${measured(finalMetric, final)} (held out)`;
  for (const line of lostModelLines(lost, best.id)) print(line);
  print(
    `best of ${run.id}: ${measured(metric, score)}${heldOut}${others}, ` +
      `snapshot ${best.id} at step ${stepsOfModel(best, run.experiment.budget)}`,
  );
  print(`${hyperparameters(best.hyperparameters)}\n\n${scheduleText(segments)}`);
  if (out !== undefined) {
    const names = files.map(({ name }) => join("checkpoint", name));
    print(`\nwritten to ${out.given}: best.json, schedule.json, ${names.join(", ")}`);
  }
}

/**
 * Writes nothing. The checkpoint of a finished run was verified at its end, or is verified now.
 */
async function shown(stores: Stores, run: Run) {
  if (run.state.kind === "done") {
    await using checkpoints = await stores.checkpoints(run);
    // A read-only store cannot take a note.
    await verifyBestOnce(stores.population, checkpoints, run.id).catch(() => {});
  }
  return { files: [], result: await bestOf(stores, run) };
}

/** Writes the best model whose checkpoint is whole. */
async function written(stores: Stores, run: Run, out: Place) {
  await using checkpoints = await stores.checkpoints(run);
  return await filledDirectory(out, async (directory) => {
    for (;;) {
      const result = await bestOf(stores, run);
      try {
        return { files: await exported(stores, run, checkpoints, result, directory), result };
      } catch (error) {
        if (!(error instanceof CheckpointError)) throw error;
        await rm(directory, { recursive: true, force: true });
        await verifyBest(stores.population, checkpoints, run.id).catch(() => {});
        if ((await bestOf(stores, run)).best.id === result.best.id) throw error;
      }
    }
  });
}

async function exported(
  stores: Stores,
  run: Run,
  checkpoints: Checkpoints,
  { checkpoint, summary, segments }: Awaited<ReturnType<typeof bestOf>>,
  directory: string,
) {
  // Pins the checkpoint, so that a running run does not collect the files while they are written.
  // A read-only store cannot be pinned in, and does not need it.
  const pin = `best ${process.pid}`;
  await stores.population.pin(run.id, pin, checkpoint).catch(() => {});
  try {
    const files = await checkpoints.exportTo(checkpoint, join(directory, "checkpoint"));
    await writeFile(join(directory, "best.json"), legibleJson(summary));
    await writeFile(join(directory, "schedule.json"), legibleJson(segments));
    return files;
  } finally {
    await stores.population.unpin(run.id, pin).catch(() => {});
  }
}

async function bestOf(stores: Stores, run: Run) {
  const { best, score, final, lost = [] } = await summaryOf(stores.population, run.id);
  if (!best && lost.length > 0)
    throw new CladeError(`run ${run.id}: ${lostModelLines(lost, undefined).join("; ")}`);
  if (!best?.checkpoint)
    throw new CladeError(
      `run ${run.id}: has no scored snapshot yet; wait for its first generation`,
    );
  const segments = schedule(
    await lineage(best.id, (id) => stores.population.snapshot(run.id, id)),
  );
  const summary = {
    run: run.id,
    seed: run.seed,
    snapshot: best.id,
    step: best.step,
    score,
    ...(final !== undefined && { final }),
    metrics: best.metrics,
    hyperparameters: best.hyperparameters,
    ...(lost.length > 0 && { lost }),
  };
  return { best, checkpoint: best.checkpoint, score, final, lost, segments, summary };
}
