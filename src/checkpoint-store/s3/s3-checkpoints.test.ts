/** Checkpoints in S3 keep every promise of a checkpoint store. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { checkpointStoreConformance } from "clade/testing";
import { checkpointDirectoriesConformance } from "clade/testing/node";
import { afterAll, test } from "vitest";
import { clientFor, startS3 } from "../../../test/servers/s3-server.ts";
import { LocalCache } from "../objects/local-cache.ts";
import { objectCheckpointStore } from "../objects/object-checkpoint-store.ts";
import { s3Storage } from "./s3-storage.ts";

const server = await startS3();
const directory = mkdtempSync(join(tmpdir(), "clade-s3-checkpoints-"));
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  rmSync(directory, { recursive: true });
});

let places = 0;
const open = async () => {
  const storage = s3Storage(`s3://${server.bucket}/${places++}`, {
    client: clientFor(server.port),
  });
  const cache = new LocalCache({ directory: join(directory, `${places}`), maxBytes: 0 });
  return objectCheckpointStore(storage, "run-1", cache, { settleMs: 0 });
};

for (const { name, run } of checkpointStoreConformance(open)) test(name, run);
const withoutDamage = checkpointDirectoriesConformance(open, async () => {}).filter(
  ({ name }) => !name.startsWith("damage"),
);
for (const { name, run } of withoutDamage) test(name, run);
