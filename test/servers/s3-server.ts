/**
 * A private S3 server: `s3rver` in a separate process, in a temporary directory. It listens on
 * this machine only and keeps nothing.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { S3ClientConfig } from "@aws-sdk/client-s3";
import { freePort, listens } from "./ports.ts";

/** What `s3rver` takes. */
export const s3Keys = { accessKeyId: "S3RVER", secretAccessKey: "S3RVER" };

export interface S3Server extends AsyncDisposable {
  readonly port: number;
  readonly bucket: string;
}

export async function startS3(): Promise<S3Server> {
  const directory = mkdtempSync(join(tmpdir(), "clade-s3-"));
  const bucket = "clade-test";
  const port = await freePort();
  mkdirSync(join(directory, bucket));
  const script = join(
    dirname(createRequire(import.meta.url).resolve("s3rver/package.json")),
    "bin/s3rver.js",
  );
  const settings = [
    "--address",
    "127.0.0.1",
    "--port",
    `${port}`,
    "--silent",
    "--configure-bucket",
    bucket,
  ];
  const child = spawn(
    process.execPath,
    ["--openssl-legacy-provider", script, "--directory", directory, ...settings],
    { stdio: "ignore" },
  );
  await listens(port);
  return {
    port,
    bucket,
    async [Symbol.asyncDispose]() {
      if (child.exitCode === null) {
        child.kill("SIGKILL");
        await once(child, "exit");
      }
      rmSync(directory, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
    },
  };
}

/** Settings of a client for a server on this machine. */
export function clientFor(port: number): S3ClientConfig {
  return { endpoint: `http://127.0.0.1:${port}`, region: "us-east-1", credentials: s3Keys };
}
