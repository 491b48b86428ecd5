/**
 * The filesystem checkpoint store with a directory of 1 GB: saving it against hashing the same
 * files and nothing else, what an exploit of it costs, and what two members that share nine tenths
 * of their files take on the disk.
 */
import { execFileSync } from "node:child_process";
import { createHash, randomFillSync } from "node:crypto";
import {
  createReadStream,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type CheckpointId,
  type ExperimentDescription,
  filesystemCheckpointStore,
  type RunId,
  type Snapshot,
  type SnapshotId,
  sqlitePopulationStore,
  type WorkerId,
} from "clade";
import { table, writeResults } from "./results-file.ts";

const files = 10;
const fileBytes = 100 * 1024 * 1024;
const rounds = 5;
const base = mkdtempSync(join(tmpdir(), "clade-checkpoint-store-"));
const noReserve = async () => {};

function writeModel(name: string, own: readonly number[], shared: readonly Buffer[]): string {
  const directory = join(base, name);
  mkdirSync(directory);
  for (let index = 0; index < files; index++) {
    const content = own.includes(index)
      ? randomFillSync(Buffer.allocUnsafe(fileBytes))
      : shared[index]!;
    writeFileSync(join(directory, `layer-${index}.bin`), content);
  }
  return directory;
}

async function hashDirectory(directory: string): Promise<number> {
  const begin = performance.now();
  for (const name of readdirSync(directory)) {
    const digest = createHash("sha256");
    for await (const chunk of createReadStream(join(directory, name), {
      highWaterMark: 1024 * 1024,
    }))
      digest.update(chunk as Buffer);
    digest.digest();
  }
  return (performance.now() - begin) / 1000;
}

function bytesOnDisk(directory: string): number {
  return Number(
    execFileSync("du", ["-s", "--block-size=1", directory], { encoding: "utf8" }).split("\t")[0],
  );
}

/**
 * Members copy one whose newest checkpoint is the stored model: what publishing such a copy takes,
 * in milliseconds, sorted.
 */
async function timeExploits(): Promise<{ times: number[]; bytes: number }> {
  await using population = sqlitePopulationStore(join(base, "clade.db"));
  const checkpoint = readdirSync(join(base, "store", "checkpoints"))[0] as CheckpointId;
  const root = {
    kind: "initial",
    generation: 0,
    step: 0,
    memberSteps: 0,
    hyperparameters: {},
    metrics: {},
  } as const;
  const id = "exploit" as RunId;
  const roots = Array.from({ length: 101 }, (_, member) => ({
    ...root,
    member,
    id: `${member}.0` as SnapshotId,
  }));
  await population.createRun(
    {
      id,
      seed: 1,
      experiment: {
        name: "exploit",
        population: 101,
        synchronous: false,
      } as ExperimentDescription,
    },
    roots,
  );
  const claim = async () => {
    const claimed = await population.claimMember(id, "benchmark:1:1" as WorkerId, {
      leaseMs: 60_000,
    });
    if (claimed.kind !== "claimed") throw new Error("no member is free");
    return claimed.claim;
  };
  const donor: Snapshot = {
    ...roots[0]!,
    id: "0.1" as SnapshotId,
    kind: "trained",
    parent: roots[0]!.id,
    generation: 1,
    checkpoint,
  };
  await population.publish(await claim(), { kind: "trained", snapshot: donor, isLast: true });
  const bytesBefore = bytesOnDisk(join(base, "store"));
  const times: number[] = [];
  for (let member = 1; member <= 100; member++) {
    const claimed = await claim();
    const copied: Snapshot = {
      ...donor,
      member,
      id: `${member}.1` as SnapshotId,
      kind: "copied",
      parent: donor.id,
      donor: donor.id,
    };
    const begin = performance.now();
    await population.publish(claimed, { kind: "trained", snapshot: copied, isLast: true });
    times.push(performance.now() - begin);
  }
  return {
    times: times.sort((a, b) => a - b),
    bytes: bytesOnDisk(join(base, "store")) - bytesBefore,
  };
}

const shared = Array.from({ length: files }, () => randomFillSync(Buffer.allocUnsafe(fileBytes)));
const ratios: number[] = [];
const rows: string[][] = [];
let inodesKept = true;
for (let round = 1; round <= rounds; round++) {
  const model = writeModel("model", [], shared);
  const inode = statSync(join(model, "layer-0.bin")).ino;
  const bare = await hashDirectory(model);
  const store = filesystemCheckpointStore(join(base, "store"));
  const begin = performance.now();
  await store.directories.save(model, noReserve);
  const saving = (performance.now() - begin) / 1000;
  inodesKept &&= readdirSync(join(base, "store", "files")).some(
    (name) => statSync(join(base, "store", "files", name)).ino === inode,
  );
  ratios.push(bare / saving);
  rows.push([
    String(round),
    bare.toFixed(2),
    saving.toFixed(2),
    `${((100 * bare) / saving).toFixed(0)}%`,
  ]);
  if (round < rounds) await store.remove();
}

const exploits = await timeExploits();
const store = filesystemCheckpointStore(join(base, "store"));
const before = bytesOnDisk(join(base, "store"));
await store.directories.save(writeModel("other", [0], shared), noReserve);
const grown = bytesOnDisk(join(base, "store")) - before;
rmSync(base, { recursive: true });

ratios.sort((a, b) => a - b);
const gigabytes = (bytes: number) => (bytes / 1024 ** 3).toFixed(2);
writeResults("checkpoint-store", "The filesystem checkpoint store with 1 GB", [
  `Saving a directory of ${files} files of 100 MiB, against SHA-256 of the same files in ` +
    "the same process. Bound: 80% of the bare hash's speed.",
  table(["round", "bare hash, s", "save, s", "speed of save to hash"], rows),
  `Median ${(100 * ratios[rounds >> 1]!).toFixed(0)}%. Files were adopted without a copy ` +
    `(same inode): ${inodesKept ? "yes" : "no"}.`,
  `A second member whose model shares 9 of 10 files added ${gigabytes(grown)} GiB to the ` +
    `${gigabytes(before)} GiB of the first.`,
  "An exploit of the 1 GB checkpoint, published in a SQLite store on the same disk, " +
    `${exploits.times.length} times: median ` +
    `${exploits.times[exploits.times.length >> 1]!.toFixed(2)} ms, worst ` +
    `${exploits.times.at(-1)!.toFixed(2)} ms; bytes added to the checkpoints: ` +
    `${exploits.bytes}. Bound: 10 ms, no bytes.`,
]);
