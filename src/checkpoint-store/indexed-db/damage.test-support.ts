/// <reference lib="dom" />
import { openDB } from "idb";
import type { CheckpointId } from "../../algorithm/snapshot.ts";

/** Changes one byte of a checkpoint's file, or the name of one of its files. */
export async function damage(
  database: string,
  run: string,
  id: CheckpointId,
  name: string | undefined,
): Promise<void> {
  const opened = await openDB(database);
  const key = [run, id, name ?? "small"];
  const bytes: Uint8Array = await opened.get("files", key);
  if (name === undefined) {
    await opened.delete("files", key);
    await opened.put("files", bytes, [run, id, "another"]);
  } else {
    bytes[bytes.length >> 1]! ^= 1;
    await opened.put("files", bytes, key);
  }
  opened.close();
}
