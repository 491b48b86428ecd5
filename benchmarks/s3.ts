/**
 * Uploads to and downloads from S3, against what a plain client gets from the same server in the
 * same minute: `@aws-sdk/lib-storage` with the same parts and as many of them at a time, and
 * ranged requests side by side that are written to a file and not hashed. Two servers: one in
 * memory, that is not the bottleneck, and s3rver.
 */
import { spawn } from "node:child_process";
import { randomFillSync } from "node:crypto";
import { createReadStream, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { S3, type S3ClientConfig } from "@aws-sdk/client-s3";
import { Upload } from "@aws-sdk/lib-storage";
import { s3Storage } from "../src/checkpoint-store/s3/s3-storage.ts";
import { freePort, listens } from "../test/servers/ports.ts";
import { clientFor, startS3 } from "../test/servers/s3-server.ts";
import { table, writeResults } from "./results-file.ts";

const mebibyte = 1024 * 1024;
const small = { size: 256 * mebibyte, rounds: 5 };
const large = { size: 1024 * mebibyte, rounds: 3 };
const partBytes = 8 * mebibyte;
const inFlight = 8;
const bound = 0.8;
const bucket = "clade-test";
const directory = mkdtempSync(join(tmpdir(), "clade-s3-benchmark-"));

/** The fastest settings there are, and no checksums but the signature's. */
const plainSettings: S3ClientConfig = {
  requestChecksumCalculation: "WHEN_REQUIRED",
  responseChecksumValidation: "WHEN_REQUIRED",
  expectContinueHeader: false,
};

async function plainUpload(client: S3, Key: string, path: string): Promise<void> {
  const Body = createReadStream(path, { highWaterMark: mebibyte });
  await new Upload({
    client,
    params: { Bucket: bucket, Key, Body },
    partSize: partBytes,
    queueSize: inFlight,
  }).done();
}

async function plainDownload(s3: S3, Key: string, path: string, size: number): Promise<void> {
  const file = await open(path, "wx");
  let next = 0;
  const lane = async () => {
    const buffer = Buffer.allocUnsafe(partBytes);
    while (next < size) {
      const begin = next;
      next += partBytes;
      const { Body } = await s3.getObject({
        Bucket: bucket,
        Key,
        Range: `bytes=${begin}-${begin + partBytes - 1}`,
      });
      let length = 0;
      for await (const chunk of Body as AsyncIterable<Buffer>)
        length += chunk.copy(buffer, length);
      await file.write(buffer, 0, length, begin);
    }
  };
  await Promise.all(Array.from({ length: inFlight }, lane));
  await file.close();
}

/** Of the clock, and of the processor in this process. */
interface Cost {
  readonly seconds: number;
  readonly cpuSeconds: number;
}

async function costOf(work: () => Promise<unknown>): Promise<Cost> {
  const [begin, cpuBegin] = [performance.now(), process.cpuUsage()];
  await work();
  const { user, system } = process.cpuUsage(cpuBegin);
  return { seconds: (performance.now() - begin) / 1000, cpuSeconds: (user + system) / 1e6 };
}

const median = (values: readonly number[]) =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;

async function measure(
  server: string,
  port: number,
  sizes: readonly (typeof small)[],
): Promise<string[][]> {
  const s3 = new S3({ ...clientFor(port), ...plainSettings, forcePathStyle: true });
  await using storage = s3Storage(`s3://${bucket}`, { client: clientFor(port) });
  const rows: string[][] = [];
  for (const { size, rounds } of sizes) {
    const path = join(directory, "file");
    writeFileSync(path, randomFillSync(Buffer.allocUnsafe(size)));
    const [ours, plain] = [join(directory, "ours"), join(directory, "plain")];
    const measured = { up: [] as [Cost, Cost][], down: [] as [Cost, Cost][] };
    // The first round warms both up.
    for (let round = 0; round <= rounds; round++) {
      const pair = async (one: () => Promise<unknown>, other: () => Promise<unknown>) => {
        const isFirst = round % 2 === 0;
        const early = await costOf(isFirst ? one : other);
        const late = await costOf(isFirst ? other : one);
        return (isFirst ? [early, late] : [late, early]) as [Cost, Cost];
      };
      const up = await pair(
        () => storage.put("ours", { path, size }),
        () => plainUpload(s3, "plain", path),
      );
      const down = await pair(
        () => storage.download("ours", ours, size),
        () => plainDownload(s3, "plain", plain, size),
      );
      await storage.delete(["ours", "plain"]);
      await Promise.all([rm(ours), rm(plain)]);
      if (round === 0) continue;
      measured.up.push(up);
      measured.down.push(down);
    }
    for (const [direction, pairs] of Object.entries(measured)) {
      const middle = (side: 0 | 1, kind: keyof Cost) =>
        median(pairs.map((pair) => pair[side][kind]));
      const speed = (side: 0 | 1) => (size / mebibyte / middle(side, "seconds")).toFixed(0);
      const cpu = (side: 0 | 1) =>
        ((middle(side, "cpuSeconds") * 1024 * mebibyte) / size).toFixed(2);
      const ratios = pairs.map(([own, other]) => other.seconds / own.seconds);
      const percent = (ratio: number) => `${(100 * ratio).toFixed(0)}%`;
      const range = `${percent(Math.min(...ratios))} to ${percent(Math.max(...ratios))}`;
      const verdict = median(ratios) >= bound ? "yes" : "NO";
      rows.push([
        server,
        `${size / mebibyte}`,
        direction,
        speed(1),
        speed(0),
        percent(median(ratios)),
        range,
        verdict,
        cpu(1),
        cpu(0),
      ]);
    }
  }
  return rows;
}

const rows: string[][] = [];
try {
  const port = await freePort();
  const script = new URL("s3/memory-server.ts", import.meta.url).pathname;
  const memory = spawn(process.execPath, [script, `${port}`], { stdio: "inherit" });
  try {
    await listens(port);
    rows.push(...(await measure("in memory", port, [small, large])));
  } finally {
    memory.kill();
  }
  await using s3rver = await startS3();
  rows.push(...(await measure("s3rver", s3rver.port, [small])));
} finally {
  rmSync(directory, { recursive: true });
}
const header = [
  "server",
  "MiB",
  "direction",
  "plain, MiB/s",
  "Clade, MiB/s",
  "Clade to plain",
  "of the rounds",
  "reached",
  "plain, CPU s/GiB",
  "Clade, CPU s/GiB",
];
const pairs = [small, large].map(({ rounds, size }) => `${rounds} of ${size / mebibyte} MiB`);
writeResults("s3", "Uploads to and downloads from S3", [
  "Files of this machine to and from servers on this machine, in parts of " +
    `${partBytes / mebibyte} MiB, ${inFlight} at a time, against a plain client in the same ` +
    "process: `@aws-sdk/lib-storage`, and ranged requests that are written and not hashed. " +
    `Pairs in turn, ${pairs.join(", ")}; medians. Bound: ${bound * 100}%.`,
  table(header, rows),
  "Client and server share the cores here, so the speeds are lower than over a network. " +
    "Clade's download hashes what arrives, which the plain one does not.",
]);
