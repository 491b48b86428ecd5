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
import { type PostgresOptions, postgresPopulationStore } from "../population-store/postgres/open.ts";
import { sqlitePopulationStore } from "../population-store/sqlite/sqlite-population-store.ts";
import { clade } from "./clade-command.ts";

/** Where the runs are when nothing else is said. */
const defaultStore = join(".clade", "clade.db");

export interface Stores extends AsyncDisposable {
  /** May hold a password: it goes to other processes through their environment, and is never shown. */
  readonly url: string;
  readonly population: PopulationStore;
  checkpoints(run: RunId): FilesystemCheckpointStore & CheckpointStore;
  /** Where a run's checkpoints are looked for. */
  checkpointDirectory(run: RunId): string;
  /** What workers print. */
  readonly logDirectory: string;
}

/**
 * Opens the store of a URL: a path, or `sqlite:` and a path, whose checkpoints and logs lie beside the file; or `postgres://`, whose logs lie in `.clade`. Only what
 * starts runs creates a store, so that a mistyped path is not taken for an empty one.
 */
export async function openStores(
  given: string | undefined,
  { create = false, tellWaiting }: PostgresOptions & { readonly create?: boolean } = {},
): Promise<Stores> {
  const url = given || process.env.CLADE_STORE || defaultStore;
  const scheme = /^([a-z0-9+]+):/i.exec(url)?.[1];
  if (scheme === "postgres" || scheme === "postgresql") {
    return storesBeside(
      url,
      await postgresPopulationStore(url, tellWaiting ? { tellWaiting } : {}),
      dirname(resolve(defaultStore)),
    );
  }
  if (scheme !== undefined && scheme !== "sqlite") {
    const rule = `there is no store for ${scheme}: URLs`;
    const remedy = "give the path of a SQLite file, such as .clade/clade.db, or a postgres:// URL";
    throw new BadInputError([{ path: "--store", value: `${scheme}:...`, rule, remedy }]);
  }
  const file = resolve(url.replace(/^sqlite:(\/\/)?/, ""));
  if (!create && !existsSync(file)) {
    const remedy = `start a run with: ${clade} run <experiment>, or give the path of a store with --store`;
    throw new BadInputError([{ path: "store", value: show(url), rule: "there is no such store", remedy }]);
  }
  return storesBeside(file, sqlitePopulationStore(file), dirname(file));
}

function storesBeside(url: string, population: PopulationStore, directory: string): Stores {
  const checkpointDirectory = (run: RunId) => join(directory, "checkpoints", run);
  return {
    url,
    population,
    checkpointDirectory,
    checkpoints: (run) => filesystemCheckpointStore(checkpointDirectory(run)),
    logDirectory: join(directory, "logs"),
    [Symbol.asyncDispose]: () => population[Symbol.asyncDispose](),
  };
}
