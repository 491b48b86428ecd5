import { existsSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { BadInputError } from "../../algorithm/problem.ts";
import { show } from "../../algorithm/show.ts";
import {
  type FilesystemCheckpointStore,
  filesystemCheckpointStore,
} from "../../checkpoint-store/filesystem/filesystem-checkpoint-store.ts";
import type { ObjectCheckpointStore } from "../../checkpoint-store/objects/object-checkpoint-store.ts";
import {
  checkpointsAt,
  checkpointsUrl,
  looksLikeUrl,
  type OpenOptions,
} from "../../checkpoint-store/open.ts";
import type { PopulationStore, Run, RunId } from "../../population-store/population-store.ts";
import {
  type PostgresOptions,
  postgresPopulationStore,
} from "../../population-store/postgres/open.ts";
import { sqlitePopulationStore } from "../../population-store/sqlite/sqlite-population-store.ts";
import type { Context } from "../context.ts";
import type { StoreOptions } from "../options/store-options.ts";

/** The default store. */
const defaultStore = join(".clade", "clade.db");

export interface Stores extends AsyncDisposable {
  /**
   * May contain a password, so other processes get it in their environment, and it is never shown.
   */
  readonly url: string;
  readonly population: PopulationStore;
  /** The place for the checkpoints of new runs; undefined for the local disk beside the store. */
  readonly place: string | undefined;
  /** Where this machine sees the checkpoints of runs that name another place. */
  readonly seenAt: string | undefined;
  /**
   * The checkpoints of a run, in the place that the run names, or in the place that
   * `--checkpoints` names for this machine.
   */
  checkpoints(
    run: Pick<Run, "id" | "checkpoints">,
  ): Promise<FilesystemCheckpointStore | ObjectCheckpointStore>;
  /** The checkpoints of a run that names no place. */
  localDirectory(run: RunId): string;
  /** What workers print. */
  readonly logDirectory: string;
}

/**
 * Opens the store of a URL. For a path, or `sqlite:` and a path, checkpoints and logs are beside
 * the file. For `postgres://` logs are in `.clade`. Only commands that start runs create a store,
 * so that a mistyped path is not taken for an empty store.
 */
export async function openStores(
  { clade, cwd, env }: Context,
  { store, checkpoints }: StoreOptions,
  { create = false, tellWaiting }: PostgresOptions & { readonly create?: boolean } = {},
): Promise<Stores> {
  const url = store || env.CLADE_STORE || defaultStore;
  const named = checkpoints || env.CLADE_CHECKPOINTS;
  const place = named ? checkpointsUrl(named, cwd) : undefined;
  const seenAt = checkpoints ? place : undefined;
  const waiting = tellWaiting ? { tellWaiting } : {};
  const file = fileOf(url, cwd);
  if (file === undefined) {
    const population = await postgresPopulationStore(url, waiting);
    const directory = resolve(cwd, dirname(defaultStore));
    const beside = pathToFileURL(join(directory, "checkpoints")).href;
    return storesBeside({ url, population, directory, place: place ?? beside, seenAt, waiting });
  }
  if (!create && !existsSync(file)) {
    const remedy =
      `start a run with: ${clade} run <experiment>, ` +
      "or say with --store or CLADE_STORE where it is";
    throw new BadInputError([
      { path: "store", value: show(url), rule: "there is no such store", remedy },
    ]);
  }
  return storesBeside({
    url: file,
    population: sqlitePopulationStore(file),
    directory: dirname(file),
    place,
    seenAt,
    waiting,
  });
}

/**
 * The file of a SQLite store; undefined for a PostgreSQL database. Throws a `BadInputError` that
 * does not show what may be a password.
 */
export function fileOf(url: string, cwd: string): string | undefined {
  const scheme = /^([a-z0-9+]+):/i.exec(url)?.[1]?.toLowerCase();
  if (scheme === "postgres" || scheme === "postgresql") return undefined;
  if (scheme === "sqlite") return resolve(cwd, url.replace(/^sqlite:(\/\/)?/i, ""));
  const remedy = "give the path of a SQLite file, such as .clade/clade.db, or a postgres:// URL";
  const bad = (value: string, rule: string) =>
    new BadInputError([{ path: "--store", value, rule, remedy }]);
  if (scheme !== undefined) throw bad(`${scheme}:...`, `there is no store for ${scheme}: URLs`);
  if (looksLikeUrl(url)) throw bad("...", "looks like a URL, and is not valid");
  return resolve(cwd, url);
}

function storesBeside({
  url,
  population,
  directory,
  place,
  seenAt,
  waiting,
}: {
  readonly url: string;
  readonly population: PopulationStore;
  readonly directory: string;
  readonly place: string | undefined;
  readonly seenAt: string | undefined;
  readonly waiting: OpenOptions;
}): Stores {
  const localDirectory = (run: RunId) => join(directory, "checkpoints", run);
  return {
    url,
    population,
    place,
    seenAt,
    localDirectory,
    async checkpoints({ id, checkpoints }) {
      if (checkpoints === undefined) return filesystemCheckpointStore(localDirectory(id));
      return await checkpointsAt(seenAt ?? checkpoints, id, waiting);
    },
    logDirectory: join(directory, "logs"),
    [Symbol.asyncDispose]: () => population[Symbol.asyncDispose](),
  };
}
