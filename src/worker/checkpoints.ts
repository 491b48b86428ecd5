/**
 * Moves checkpoints from a session to a checkpoint store and back: in memory, or as directories if
 * both support them.
 */
import type { CheckpointId } from "../algorithm/snapshot.ts";
import {
  CheckpointError,
  type CheckpointStore,
  type Reserve,
} from "../checkpoint-store/checkpoint-store.ts";
import { LateWriteError } from "../checkpoint-store/late-write.ts";
import { TrainerError, type TrainerSession, type Turn } from "../trainer/trainer-session.ts";

export async function saveTo(
  store: CheckpointStore,
  session: TrainerSession,
  reserve: Reserve,
  base?: CheckpointId,
): Promise<CheckpointId> {
  const { directories } = store;
  if (session.checkpoints === "directories" && directories) {
    await using directory = await directories.create();
    try {
      await session.save(directory.path);
    } catch (error) {
      // The store reports a full disk, which stops the run. A failure of the trainer would cost
      // the member.
      if (error instanceof TrainerError) await directory.probe();
      throw error;
    }
    return await trainersFault(directories.save(directory.path, reserve, base));
  }
  const saved = await session.save();
  if ("files" in saved) return await store.save(saved.files, reserve, base);
  throw new Error("a session that is given no directory saves files");
}

export async function restoreFrom(
  store: CheckpointStore,
  session: TrainerSession,
  id: CheckpointId,
  turn: Turn,
): Promise<void> {
  const { directories } = store;
  if (session.checkpoints === "files" || !directories)
    return await session.restore({ files: await store.load(id), id }, turn);
  await using directory = await directories.open(id);
  try {
    await session.restore({ directory: directory.path, id }, turn);
  } catch (error) {
    // A damaged file is the store's fault. The trainer may only have failed because of it, or
    // found another hash.
    if (error instanceof TrainerError) await directories.verify(id);
    throw error;
  }
  try {
    await directories.look(id);
  } catch (error) {
    throw error instanceof LateWriteError
      ? new CheckpointError(id, error.message, { cause: error })
      : error;
  }
}

/** Checks whether the files that a trainer holds are still the ones that it saved. */
export async function lookAt(
  store: CheckpointStore,
  session: TrainerSession,
  id: CheckpointId | undefined,
): Promise<void> {
  if (session.checkpoints === "files" || id === undefined) return;
  await trainersFault(store.directories?.look(id));
}

/**
 * Why a checkpoint cannot be read; undefined if it is whole. Throws what a store throws if it is
 * unavailable.
 */
export async function whyUnreadable(
  store: CheckpointStore,
  id: CheckpointId,
): Promise<string | undefined> {
  try {
    await (store.directories ? store.directories.verify(id) : store.load(id));
    return undefined;
  } catch (error) {
    // A storage that is unavailable says nothing about a checkpoint.
    if (!(error instanceof CheckpointError)) throw error;
    return error.message;
  }
}

/** A trainer that writes after its answer counts as failed. */
async function trainersFault<T>(work: T): Promise<Awaited<T>> {
  try {
    return await work;
  } catch (error) {
    if (!(error instanceof LateWriteError)) throw error;
    throw new TrainerError(error.message, "found in the directory that was saved", {
      kind: "contract",
      cause: error,
    });
  }
}
