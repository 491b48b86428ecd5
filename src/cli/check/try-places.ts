/** Tests the two places that workers of many machines share, as the workers will use them. */
import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { CladeError } from "../../algorithm/clade-error.ts";
import type { Finding } from "../../check/finding.ts";
import type { ObjectStorage } from "../../checkpoint-store/objects/object-storage.ts";
import { checkpointsUrl, openStorage } from "../../checkpoint-store/open.ts";
import { refusedToGroup } from "../../checkpoint-store/shared-directory/group-rights.ts";
import { localFileSystem } from "../../checkpoint-store/shared-directory/local-file-system.ts";
import { duration } from "../../report/words.ts";
import type { Context } from "../context.ts";
import { openStores } from "../runs/open-store.ts";

/** Signs that other machines look for. */
const folder = "clade-check";

/** A leftover sign is deleted by a later check. */
const keptMs = 24 * 3_600_000;

export async function tryStore(context: Context, store: string): Promise<Finding[]> {
  return await tried("store", async () => {
    const before = performance.now();
    await using stores = await openStores(context, { store }, { create: true });
    const runs = await stores.population.runs();
    const took = duration((performance.now() - before) / 1000);
    return [`store: can be read and written, has ${runs.length} runs, answered in ${took}`];
  });
}

export async function tryCheckpoints(
  { cwd }: Context,
  given: string,
  seenBefore: string | undefined,
): Promise<Finding[]> {
  return await tried("checkpoints", async () => {
    const url = checkpointsUrl(given, cwd);
    await using storage = await openStorage(url);
    const found = [await tryObjects(storage), ...(await tryGroup(storage, url))];
    if (seenBefore !== undefined) found.push(await trySign(storage, seenBefore));
    else found.push(await leaveSign(storage, url), ...localDisk(url));
    return found;
  });
}

async function tried(what: string, work: () => Promise<string[]>): Promise<Finding[]> {
  try {
    return (await work()).map((text) => ({ kind: "ok", text }));
  } catch (error) {
    if (!(error instanceof CladeError)) throw error;
    return [
      {
        kind: "bad",
        text: error.message.startsWith(what) ? error.message : `${what}: ${error.message}`,
      },
    ];
  }
}

async function tryObjects(storage: ObjectStorage): Promise<string> {
  const key = `${folder}/${randomUUID()}`;
  const content = Buffer.from("written to be read and deleted");
  await storage.put(key, content);
  const isSame = Buffer.from(await storage.read(key)).equals(content);
  const isListed = (await storage.list(`${folder}/`)).some((object) => object.key === key);
  await storage.delete([key]);
  if (!isSame || !isListed)
    throw new CladeError(
      `checkpoints ${storage.shown}: what was written ` +
        `${isSame ? "is not listed" : "reads back differently"}; use another place`,
    );
  return `checkpoints: ${storage.shown} can be written, read, listed and deleted from`;
}

/** What another user of a shared directory could do with this user's files. */
async function tryGroup(storage: ObjectStorage, url: string): Promise<string[]> {
  if (!url.startsWith("file:")) return [];
  const directory = fileURLToPath(url);
  const key = `${folder}/group-${randomUUID()}`;
  await storage.put(key, Buffer.from("written for the group"));
  const refused = refusedToGroup(join(directory, key));
  await storage.delete([key]);
  if (refused === undefined)
    return [
      "checkpoints: every member of the directory's group can read, write and delete " +
        "the files written there",
    ];
  const remedy = `let its owner run: chgrp -R GROUP ${directory} && chmod -R g+rwXs ${directory}`;
  return [
    `checkpoints: only this user can work with them there, because ${refused}; ` +
      `for several users, ${remedy}`,
  ];
}

async function leaveSign(storage: ObjectStorage, url: string): Promise<string> {
  for (const { key } of await storage.list(`${folder}/sign-`)) {
    if (Date.now() - Number(key.split("-")[2]) > keptMs) await storage.delete([key]);
  }
  const sign = `${Date.now()}-${hostname()}`;
  await storage.put(`${folder}/sign-${sign}`, Buffer.from(hostname()));
  return (
    "checkpoints: to test whether another machine sees the same place, run there: " +
    `clade check --checkpoints ${url} --sees ${sign}`
  );
}

async function trySign(storage: ObjectStorage, sign: string): Promise<string> {
  const objects = await storage.list(`${folder}/`);
  const [time, ...host] = sign.split("-");
  if (!objects.some(({ key }) => key === `${folder}/sign-${sign}`))
    throw new CladeError(
      `checkpoints ${storage.shown}: ${hostname()} does not see the sign ${sign}; ` +
        "mount the same directory on both machines, or give both the same bucket and endpoint",
    );
  const ago = duration(Math.max(0, Date.now() - Number(time)) / 1000);
  return `checkpoints: ${hostname()} sees what ${host.join("-")} wrote ${ago} ago`;
}

function localDisk(url: string): string[] {
  if (!url.startsWith("file:")) return [];
  const name = localFileSystem(fileURLToPath(url));
  if (!name) return [];
  return [
    `checkpoints: ${url} is on ${name}, a disk of this machine: ` +
      "others see it only if it is shared with them",
  ];
}
