import { existsSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { BadInputError } from "../algorithm/problem.ts";
import { show } from "../algorithm/strategy.ts";
import type { CheckpointStore } from "../checkpoint-store/checkpoint-store.ts";
import {
  type FilesystemCheckpointStore,
  filesystemCheckpointStore,
} from "../checkpoint-store/filesystem/filesystem-checkpoint-store.ts";
import type { PopulationStore, RunId } from "../population-store/population-store.ts";
import { sqlitePopulationStore } from "../population-store/sqlite/sqlite-population-store.ts";
import { clade } from "./clade-command.ts";

/** Where the runs are when nothing else is said. */
const defaultStore = join(".clade", "clade.db");

export interface Stores extends AsyncDisposable {
  readonly url: string;
  readonly population: PopulationStore;
  checkpoints(run: RunId): FilesystemCheckpointStore & CheckpointStore;
  /** What workers print. */
  readonly logDirectory: string;
}

/**
 * Opens the store of a URL: a path, or `sqlite:` and a path. Its checkpoints and logs lie beside the file. Only what starts runs creates
 * a store, so that a mistyped path is not taken for an empty one.
 */
export function openStores(given: string | undefined, { create = false } = {}): Stores {
  const url = given || process.env.CLADE_STORE || defaultStore;
  const scheme = /^([a-z0-9+]+):/i.exec(url)?.[1];
  if (scheme !== undefined && scheme !== "sqlite") {
    const rule = `there is no store for ${scheme}: URLs`;
    throw new BadInputError([
      {
        path: "--store",
        value: url,
        rule,
        remedy: "give the path of a SQLite file, such as .clade/clade.db",
      },
    ]);
  }
  const file = resolve(url.replace(/^sqlite:(\/\/)?/, ""));
  if (!create && !existsSync(file)) {
    const remedy = `start a run with: ${clade} run <experiment>, or give the path of a store with --store`;
    throw new BadInputError([{ path: "store", value: show(url), rule: "there is no such store", remedy }]);
  }
  const population = sqlitePopulationStore(file);
  return {
    url: file,
    population,
    checkpoints: (run) => filesystemCheckpointStore(join(dirname(file), "checkpoints", run)),
    logDirectory: join(dirname(file), "logs"),
    [Symbol.asyncDispose]: () => population[Symbol.asyncDispose](),
  };
}
