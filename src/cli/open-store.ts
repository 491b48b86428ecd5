import { dirname, join, resolve } from "node:path";
import { BadInputError } from "../algorithm/problem.ts";
import type { CheckpointStore } from "../checkpoint-store/checkpoint-store.ts";
import {
  type FilesystemCheckpointStore,
  filesystemCheckpointStore,
} from "../checkpoint-store/filesystem/filesystem-checkpoint-store.ts";
import type { PopulationStore, RunId } from "../population-store/population-store.ts";
import { sqlitePopulationStore } from "../population-store/sqlite/sqlite-population-store.ts";

/** Where the runs are when nothing else is said. */
const defaultStore = join(".clade", "clade.db");

export interface Stores extends AsyncDisposable {
  readonly url: string;
  readonly population: PopulationStore;
  checkpoints(run: RunId): FilesystemCheckpointStore & CheckpointStore;
  /** What workers print. */
  readonly logDirectory: string;
}

/** Opens the store of a URL: a path, or `sqlite:` and a path. Its checkpoints and logs lie beside the file. */
export function openStores(given: string | undefined): Stores {
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
  const population = sqlitePopulationStore(file);
  return {
    url: file,
    population,
    checkpoints: (run) => filesystemCheckpointStore(join(dirname(file), "checkpoints", run)),
    logDirectory: join(dirname(file), "logs"),
    [Symbol.asyncDispose]: () => population[Symbol.asyncDispose](),
  };
}
