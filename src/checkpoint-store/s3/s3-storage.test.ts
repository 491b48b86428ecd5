import { createHash } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CladeError } from "clade";
import { objectStorageConformance } from "clade/testing/node";
import { afterAll, describe, expect, test } from "vitest";
import { inLongRuns, isLong, some } from "../../../test/long.ts";
import {
  type Fault,
  type FaultProxy,
  randomFaults,
  startFaultProxy,
} from "../../../test/servers/fault-proxy.ts";
import { startMemoryS3 } from "../../../test/servers/memory-s3-server.ts";
import { clientFor, startS3 } from "../../../test/servers/s3-server.ts";
import type { ObjectStorage } from "../objects/object-storage.ts";
import { bytes, large, openAt, partBytes } from "./places.test-support.ts";
import { s3Storage } from "./s3-storage.ts";

const strict = await startMemoryS3({ minPartBytes: partBytes });
const s3rver = await startS3();
const directory = mkdtempSync(join(tmpdir(), "clade-s3-test-"));
afterAll(async () => {
  await strict[Symbol.asyncDispose]();
  await s3rver[Symbol.asyncDispose]();
  rmSync(directory, { recursive: true });
});

let files = 0;
const newFile = (name: string) => join(directory, `${name}-${files++}`);

const isMany = (name: string) => name.startsWith("more than a thousand objects");

describe("a strict S3 server", () => {
  for (const { name, run } of objectStorageConformance(() => openAt(strict.port), { partBytes }))
    test(name, run);
});

describe("s3rver", () => {
  for (const { name, run } of objectStorageConformance(() => openAt(s3rver.port), { partBytes })) {
    const reason = name.startsWith("a reader finds nothing or all")
      ? " (s3rver shows objects while it writes them)"
      : isMany(name) && inLongRuns;
    test.skipIf(reason)(`${name}${reason || ""}`, run);
  }
});

describe("a server and a network that fail at random", async () => {
  // Of its own, since an answer that is lost may leave a half-written object.
  const server = await startMemoryS3({ minPartBytes: partBytes });
  afterAll(() => server[Symbol.asyncDispose]());
  let opened = 0;
  const open = async () => {
    const proxy = await startFaultProxy(server.port);
    proxy.faults = randomFaults(0.12, opened++);
    const storage = openAt(proxy.port);
    return { ...storage, [Symbol.asyncDispose]: () => closeAll(storage, proxy) };
  };
  for (const { name, run } of objectStorageConformance(open, { partBytes }))
    test.skipIf(isMany(name) && !isLong)(`${name}${isMany(name) ? inLongRuns : ""}`, run);
});

/** The first requests that match fail so. */
function failing(proxy: FaultProxy, pattern: RegExp, fault: Fault, times = 1): void {
  let left = times;
  proxy.faults = ({ method, url }) =>
    pattern.test(`${method} ${url}`) && left-- > 0 ? fault : undefined;
}

const shown = (fault: Fault) =>
  fault.kind === "refuse" ? `an answer of ${fault.status}` : fault.kind;
const small = bytes(100);
/** Which requests fail, and what is put. */
const requests: Record<string, readonly [RegExp, Uint8Array]> = {
  PutObject: [/^PUT (?!.*uploadId)/, small],
  CreateMultipartUpload: [/^POST .*uploads/, large],
  UploadPart: [/^PUT .*partNumber=1/, large],
  CompleteMultipartUpload: [/^POST .*uploadId/, large],
  GetObject: [/^GET .*deep\/object/, large],
  ListObjectsV2: [/^GET .*list-type=2/, small],
  DeleteObjects: [/^POST .*delete/, small],
};
const faults: Fault[] = [
  { kind: "refuse", status: 500, code: "InternalError" },
  { kind: "refuse", status: 503, code: "SlowDown" },
  { kind: "refuse", status: 429, code: "TooManyRequests" },
  { kind: "refuse", status: 502 },
  { kind: "break request" },
  { kind: "break answer" },
  { kind: "lose answer" },
];

const broken = [{ server: "a strict S3 server", target: strict.port, faults }];
const alsoBroken = [
  {
    server: "s3rver",
    target: s3rver.port,
    faults: faults.filter(({ kind }) => kind === "lose answer"),
  },
];

describe.each(some(broken, alsoBroken))(
  "$server behind a network that breaks",
  ({ target, faults }) => {
    for (const [request, [pattern, content]] of Object.entries(requests))
      test.for(faults.map((fault) => [shown(fault), fault] as const))(
        `${request} goes on after: %s`,
        async ([, fault]) => {
          await using proxy = await startFaultProxy(target);
          await using storage = openAt(proxy.port);
          // Reached, so it is patient.
          expect(await storage.list("")).toEqual([]);
          failing(proxy, pattern, fault, 2);
          await storage.put("object", content);
          expect(same(await storage.read("object"), content)).toBe(true);
          const path = newFile("object");
          expect(await storage.download("object", path, content.length)).toBe(hashOf(content));
          expect(same(await readFile(path), content)).toBe(true);
          expect((await storage.list("")).map(({ key }) => key)).toEqual(["object"]);
          await storage.delete(["object"]);
          expect(await storage.list("")).toEqual([]);
        },
      );
  },
);

describe("transfers", () => {
  const size = 40 * 1024 * 1024;
  const parts = { partBytes: 5 * 1024 * 1024 };
  const path = join(directory, "40-mebibytes");
  const content = bytes(size);
  writeFileSync(path, content);

  test("an upload that breaks goes on where it was", async () => {
    await using server = await startMemoryS3();
    await using proxy = await startFaultProxy(server.port);
    await using storage = openAt(proxy.port, parts);
    await storage.list("");
    failing(proxy, /^PUT .*partNumber/, { kind: "break request" }, 4);
    await storage.put("file", { path, size });
    expect(proxy.bytes.up).toBeLessThan(size + 4 * parts.partBytes);
    expect(await storage.download("file", newFile("up"), size)).toBe(hashOf(content));
  });

  test("a download that breaks goes on at the byte where it was", async () => {
    await using server = await startMemoryS3();
    await using proxy = await startFaultProxy(server.port);
    await using storage = openAt(proxy.port, parts);
    await storage.put("file", { path, size });
    failing(proxy, /^GET .*file/, { kind: "break answer" }, 6);
    expect(await storage.download("file", newFile("down"), size)).toBe(hashOf(content));
    expect(proxy.bytes.down).toBeLessThan(size + 1000);
  });

  test("what was damaged on its way up is refused by the server, and sent again", async () => {
    await using proxy = await startFaultProxy(strict.port);
    await using storage = openAt(proxy.port);
    await storage.list("");
    for (const [request, key] of [
      ["PUT .*small", "small"],
      ["PUT .*partNumber=2", "large"],
      ["POST .*uploadId", "other"],
    ] as const) {
      const put = key === "small" ? bytes(1000) : large;
      failing(proxy, new RegExp(`^${request}`), { kind: "flip byte of request" });
      await storage.put(key, put);
      expect(same(await storage.read(key), put)).toBe(true);
    }
    failing(proxy, /^POST .*delete/, { kind: "flip byte of request" });
    await storage.delete(["small", "large", "other"]);
    expect(await storage.list("")).toEqual([]);
  });

  test("what was damaged on its way down shows in the hash", async () => {
    await using proxy = await startFaultProxy(strict.port);
    await using storage = openAt(proxy.port);
    await storage.put("large", large);
    failing(proxy, /^GET .*large/, { kind: "flip byte of answer" });
    const [first, second] = ["damaged", "whole"].map((name) => newFile(name));
    const hash = await storage.download("large", first!, large.length);
    expect(hash).not.toBe(hashOf(large));
    expect(hash).toBe(hashOf(await readFile(first!)));
    expect(await storage.download("large", second!, large.length)).toBe(hashOf(large));
  });

  test("a connection that says nothing is given up", async () => {
    await using proxy = await startFaultProxy(strict.port);
    await using storage = openAt(proxy.port, {
      client: { ...clientFor(proxy.port), requestHandler: { socketTimeout: 200 } },
    });
    await storage.list("");
    failing(proxy, /./, { kind: "silence" }, 2);
    await storage.put("small", bytes(10));
    expect(same(await storage.read("small"), bytes(10))).toBe(true);
  });

  test("a file that changes while it is put is an error, and leaves nothing", async () => {
    await using storage = openAt(strict.port);
    for (const wrong of [99, 101, partBytes + 1, 2 * partBytes]) {
      const short = join(directory, "short");
      writeFileSync(short, bytes(100));
      await expect(storage.put("short", { path: short, size: wrong })).rejects.toThrow(
        "files must not change",
      );
    }
    expect(await storage.list("")).toEqual([]);
    expect(strict.halfWritten()).toEqual([]);
  });
});

describe("what is half-written", () => {
  test("goes away with a put that fails", async () => {
    await using proxy = await startFaultProxy(strict.port);
    await using storage = openAt(proxy.port);
    failing(proxy, /^PUT .*partNumber=2/, { kind: "refuse", status: 403, code: "AccessDenied" });
    await expect(storage.put("large", large)).rejects.toThrow("have no right to s3:PutObject");
    expect(strict.halfWritten()).toEqual([]);
  });

  test("is listed without a size, and deleted with its object or without", async () => {
    await using server = await startMemoryS3();
    await using proxy = await startFaultProxy(server.port);
    await using storage = openAt(proxy.port);
    const keys = Array.from({ length: 5 }, (_, index) => `half/${index}`);
    for (const key of keys) {
      // As one who dies in the middle leaves it.
      proxy.faults = ({ method, url }) =>
        method === "DELETE" || /partNumber=2/.test(url)
          ? { kind: "refuse", status: 403, code: "AccessDenied" }
          : undefined;
      await expect(storage.put(key, large)).rejects.toThrow(CladeError);
    }
    proxy.faults = () => undefined;
    await storage.put("half/0", bytes(5));
    const found = new Map((await storage.list("half")).map(({ key, size }) => [key, size]));
    expect([...found].sort()).toEqual(keys.map((key) => [key, key === "half/0" ? 5 : 0]));
    await storage.delete(["half/0", "half/3"]);
    expect((await storage.list("")).map(({ key }) => key).sort()).toEqual([
      "half/1",
      "half/2",
      "half/4",
    ]);
    await storage.delete(keys);
    expect(server.halfWritten()).toEqual([]);
  });

  test.for(["NotImplemented", "AccessDenied"] as const)(
    "is not seen where the server answers %s",
    async (code) => {
      await using server = await startMemoryS3({ refused: { "GET uploads": code } });
      await using storage = openAt(server.port);
      await storage.put("a", bytes(5));
      expect(await storage.list("")).toEqual([{ key: "a", size: 5 }]);
      await storage.delete(["a"]);
      expect(await storage.list("")).toEqual([]);
    },
  );
});

test("objects are deleted one by one where the server knows it no other way", async () => {
  await using server = await startMemoryS3({ refused: { "POST delete": "NotImplemented" } });
  await using storage = openAt(server.port);
  const keys = ["a", "b/c", "d"];
  for (const key of keys) await storage.put(key, bytes(5));
  await storage.delete([...keys, "missing"]);
  expect(await storage.list("")).toEqual([]);
});

test("a bucket without a prefix is a place, too", async () => {
  await using server = await startMemoryS3();
  await using storage = s3Storage("s3://clade-test", { client: clientFor(server.port) });
  await storage.put("a/b", bytes(5));
  expect([...server.objects.keys()]).toEqual(["a/b"]);
  expect(await storage.list("")).toEqual([{ key: "a/b", size: 5 }]);
});

async function closeAll(...resources: (ObjectStorage | FaultProxy)[]): Promise<void> {
  for (const resource of resources) await resource[Symbol.asyncDispose]();
}

const hashOf = (content: Uint8Array) => createHash("sha256").update(content).digest("hex");
const same = (found: Uint8Array, content: Uint8Array) => Buffer.compare(found, content) === 0;
