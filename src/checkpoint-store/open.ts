/** Places for checkpoints that many machines share, by URL. */
import { resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { CladeError } from "../algorithm/clade-error.ts";
import { cacheOptions, LocalCache } from "./objects/local-cache.ts";
import {
  type ObjectCheckpointStore,
  objectCheckpointStore,
} from "./objects/object-checkpoint-store.ts";
import type { ObjectStorage } from "./objects/object-storage.ts";
import { sharedDirectoryStorage } from "./shared-directory/shared-directory-storage.ts";

/**
 * Whether a path is more likely a mistyped URL, whose password would become the name of a
 * directory.
 */
export function looksLikeUrl(path: string): boolean {
  return /[:/]\/.*@|:.*@|^[a-z0-9+]{2,}\/\//is.test(path);
}

/**
 * A place as an absolute URL: a path, relative to the directory or this process's, becomes a
 * `file:` URL. Throws a `CladeError` for anything that is not a place.
 */
export function checkpointsUrl(given: string, directory = ""): string {
  const scheme = /^([a-z][a-z0-9+.-]+):/i.exec(given)?.[1]?.toLowerCase();
  const refuse = (rule: string) =>
    new CladeError(
      `checkpoints ${rule}; give s3://bucket/prefix, ` +
        "or a directory as a path or as file:///shared/directory",
    );
  if (scheme === undefined) {
    if (looksLikeUrl(given)) throw refuse("...: looks like a URL, but is not one");
    return pathToFileURL(resolve(directory, given)).href;
  }
  if (scheme === "s3") return `s3${given.slice("s3".length).replace(/\/+$/, "")}`;
  if (scheme !== "file") throw refuse(`${scheme}:...: not a supported kind of place`);
  if (
    !URL.canParse(given) ||
    new URL(given).host !== "" ||
    !given.startsWith("file:///") ||
    /:.*@/.test(given.slice("file:".length))
  )
    throw refuse("file:...: is not a directory");
  return new URL(given).href.replace(/\/+$/, "");
}

export interface OpenOptions {
  /**
   * Called once when the server is down at the start; requests then wait for it. Without this, a
   * server that is down is an error at once.
   */
  readonly tellWaiting?: (sentence: string) => void;
}

/** The storage behind the URL of a place. */
export async function openStorage(url: string, options: OpenOptions = {}): Promise<ObjectStorage> {
  const place = checkpointsUrl(url);
  if (place.startsWith("file:")) return sharedDirectoryStorage(fileURLToPath(place));
  const { s3Storage } = await import("./s3/s3-storage.ts");
  return s3Storage(place, options);
}

/**
 * The checkpoints of a run in a place. CLADE_CACHE and CLADE_CACHE_GB set this machine's cache of
 * them.
 */
export async function checkpointsAt(
  url: string,
  run: string,
  options: OpenOptions = {},
): Promise<ObjectCheckpointStore> {
  const cache = new LocalCache(cacheOptions(process.env));
  return objectCheckpointStore(await openStorage(url, options), run, cache);
}
