/** From a session to a checkpoint store and back: in memory, or by directories where both have them. */
import type { CheckpointId } from "../algorithm/snapshot.ts";
import type { CheckpointStore, Reserve } from "../checkpoint-store/checkpoint-store.ts";
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
      // A full disk is the store's to report: it stops the run, where a failure of the trainer would cost the member.
      if (error instanceof TrainerError) await directory.probe();
      throw error;
    }
    return await directories.save(directory.path, reserve, base);
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
    // A damaged file is the store's fault and not the trainer's, which may have stumbled over it or found another hash.
    if (error instanceof TrainerError) await directories.verify(id);
    throw error;
  }
}
