/** Collection in a directory: what is dead is renamed out of reach at once, and deleted later. */
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import type { CheckpointId } from "../../algorithm/snapshot.ts";
import { isLarge, largeBytes, parseManifest } from "../checkpoint-file.ts";
import type { CheckpointStore } from "../checkpoint-store.ts";
import { removeIfPossible, renameUnlessGone } from "../local-disk/files.ts";
import { leftOversIn } from "../local-disk/owned-names.ts";
import type { StoredFiles } from "./stored-files.ts";

/** `beginSweep` of a store. */
export function filesystemSweeps(files: StoredFiles): CheckpointStore["beginSweep"] {
  return async ({ isQuiet = false } = {}) => {
    const folders = [files.place("incoming"), files.place("trash")];
    const left = (await Promise.all(folders.map((folder) => leftOversIn(folder, isQuiet)))).flat();
    return (live) => {
      const { condemned, spared } = condemnAllBut(files, live);
      return async () => {
        for (const path of [...left, ...condemned]) await removeIfPossible(path);
        return left.length + spared + condemned.length;
      };
    };
  };
}

function condemnAllBut(files: StoredFiles, live: ReadonlySet<CheckpointId>) {
  const condemned: string[] = [];
  let spared = 0;
  const condemn = (folder: "checkpoints" | "files", name: string) => {
    const path = files.trash();
    renameUnlessGone(files.place(folder, name), path);
    const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
    if (size < largeBytes && files.spare(path)) spared++;
    else condemned.push(path);
  };
  const checkpoints = readdirSync(files.place("checkpoints"));
  const large = readdirSync(files.place("files"));
  for (const id of checkpoints) if (!live.has(id as CheckpointId)) condemn("checkpoints", id);
  const used = large.length === 0 ? undefined : filesOf(files, live);
  if (used) for (const file of large) if (!used.has(file)) condemn("files", file);
  return { condemned, spared };
}

/**
 * The large files of the checkpoints; undefined when one of them is reserved but its manifest is
 * not written yet.
 */
function filesOf(files: StoredFiles, live: ReadonlySet<CheckpointId>): Set<string> | undefined {
  const used = new Set<string>();
  for (const id of live) {
    const path = files.place("checkpoints", id);
    if (!existsSync(path)) return undefined;
    const text = readFileSync(path, "latin1").split("\n\n", 1)[0]!;
    for (const { sha256 } of parseManifest(text).filter(isLarge)) used.add(sha256);
  }
  return used;
}
