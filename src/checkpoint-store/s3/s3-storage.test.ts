import { createHash } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import { CladeError } from "clade";
import { objectStorageConformance } from "clade/testing";
import { afterAll, afterEach, describe, expect, test, vi } from "vitest";
import { inLongRuns, isLong } from "../../../test/long.ts";
import {
  type Fault,
  type FaultProxy,
  randomFaults,
  startFaultProxy,
} from "../../../test/servers/fault-proxy.ts";
import { startMemoryS3 } from "../../../test/servers/memory-s3-server.ts";
import { clientFor, s3Keys, startS3 } from "../../../test/servers/s3-server.ts";
import type { ObjectStorage } from "../objects/object-storage.ts";
import type { S3Options } from "./s3-connection.ts";
import { s3Storage } from "./s3-storage.ts";

/** Much is transferred here, so parts are smaller than AWS's; those of `transfers` are not. */
const partBytes = 100_000;
const strict = await startMemoryS3({ minPartBytes: partBytes });
const s3rver = await startS3();
const directory = mkdtempSync(join(tmpdir(), "clade-s3-test-"));
afterAll(async () => {
  await strict[Symbol.asyncDispose]();
  await s3rver[Symbol.asyncDispose]();
  rmSync(directory, { recursive: true });
});
afterEach(() => vi.unstubAllEnvs());

let places = 0;
const newPlace = () => `s3://clade-test/place-${places++}/deep`;
const openAt = (port: number, options: S3Options = {}) =>
  s3Storage(newPlace(), { client: clientFor(port), partBytes, ...options });

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
const [small, large] = [bytes(100), bytes(partBytes + 100)];
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

describe.each([
  { server: "a strict S3 server", target: strict.port, faults },
  {
    server: "s3rver",
    target: s3rver.port,
    faults: faults.filter(({ kind }) => kind === "lose answer"),
  },
])("$server behind a network that breaks", ({ target, faults }) => {
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
        const path = join(directory, `${places}`);
        expect(await storage.download("object", path, content.length)).toBe(hashOf(content));
        expect(same(await readFile(path), content)).toBe(true);
        expect((await storage.list("")).map(({ key }) => key)).toEqual(["object"]);
        await storage.delete(["object"]);
        expect(await storage.list("")).toEqual([]);
      },
    );
});

describe("transfers", () => {
  const size = 64 * 1024 * 1024;
  const aws = { partBytes: 8 * 1024 * 1024 };
  const path = join(directory, "64-mebibytes");
  const content = bytes(size);
  writeFileSync(path, content);

  test("an upload that breaks goes on where it was", async () => {
    await using server = await startMemoryS3();
    await using proxy = await startFaultProxy(server.port);
    await using storage = openAt(proxy.port, aws);
    await storage.list("");
    failing(proxy, /^PUT .*partNumber/, { kind: "break request" }, 4);
    await storage.put("file", { path, size });
    expect(proxy.bytes.up).toBeLessThan(size + 4 * aws.partBytes);
    expect(await storage.download("file", join(directory, `up-${places}`), size)).toBe(
      hashOf(content),
    );
  });

  test("a download that breaks goes on at the byte where it was", async () => {
    await using server = await startMemoryS3();
    await using proxy = await startFaultProxy(server.port);
    await using storage = openAt(proxy.port, aws);
    await storage.put("file", { path, size });
    failing(proxy, /^GET .*file/, { kind: "break answer" }, 6);
    expect(await storage.download("file", join(directory, `down-${places}`), size)).toBe(
      hashOf(content),
    );
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
    const [first, second] = ["damaged", "whole"].map((name) =>
      join(directory, `${name}-${places}`),
    );
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

describe("who cannot reach the server", () => {
  test("learns it at once, in a sentence", async () => {
    const { port } = await closedServer();
    await using storage = openAt(port);
    await expect(storage.list("")).rejects.toThrow(
      new RegExp(
        "^checkpoints s3://clade-test/place-\\d+/deep: " +
          "cannot be reached \\(ECONNREFUSED.*\\); check AWS_ENDPOINT_URL",
      ),
    );
  });

  test("waits for it where that is wanted, and says so once", async () => {
    const { port } = await closedServer();
    const told: string[] = [];
    await using storage = openAt(port, { tellWaiting: (sentence) => told.push(sentence) });
    const putting = storage.put("a", bytes(5));
    await expect.poll(() => told.length).toBe(1);
    await using _server = await startMemoryS3({ port });
    await putting;
    expect(told).toEqual([
      expect.stringMatching(/cannot be reached .* Trying again for 10 minutes$/),
    ]);
  });

  test("goes on when a reached server comes back, and gives up after a while", async () => {
    const server = await startMemoryS3();
    await using storage = openAt(server.port);
    await using impatient = openAt(server.port, { patienceMs: 100 });
    await Promise.all([storage.list(""), impatient.list("")]);
    await server[Symbol.asyncDispose]();
    const putting = storage.put("a", bytes(5));
    await expect(impatient.list("")).rejects.toThrow("then resume the run");
    await using _back = await startMemoryS3({ port: server.port });
    await putting;
    expect(await storage.list("")).toEqual([{ key: "a", size: 5 }]);
  });

  test("is not kept waiting once the storage is closed", async () => {
    const server = await startMemoryS3();
    const storage = openAt(server.port);
    await storage.list("");
    await server[Symbol.asyncDispose]();
    const listing = storage.list("");
    await storage[Symbol.asyncDispose]();
    await expect(listing).rejects.toThrow(CladeError);
  });
});

describe("AWS's conventions", () => {
  function stubEnvironment(settings: Record<string, string>): void {
    const none = {
      AWS_PROFILE: "",
      AWS_CONFIG_FILE: "/none",
      AWS_SHARED_CREDENTIALS_FILE: "/none",
      AWS_EC2_METADATA_DISABLED: "true",
    };
    for (const [name, value] of Object.entries({ ...none, ...settings }))
      vi.stubEnv(name, value || undefined);
  }

  test("keys and endpoint come from the environment, and a region is not needed", async () => {
    stubEnvironment({
      AWS_ACCESS_KEY_ID: s3Keys.accessKeyId,
      AWS_SECRET_ACCESS_KEY: s3Keys.secretAccessKey,
      AWS_ENDPOINT_URL: `http://127.0.0.1:${strict.port}`,
    });
    await using storage = s3Storage(newPlace());
    await storage.put("a", bytes(5));
    expect(await storage.list("")).toEqual([{ key: "a", size: 5 }]);
  });

  test("or from a profile", async () => {
    const config = join(directory, "config");
    writeFileSync(
      config,
      `[profile lab]\nregion = eu-lab-1\nendpoint_url = http://localhost:${strict.port}\n`,
    );
    const credentials = join(directory, "credentials");
    writeFileSync(
      credentials,
      `[lab]\naws_access_key_id = ${s3Keys.accessKeyId}\n` +
        `aws_secret_access_key = ${s3Keys.secretAccessKey}\n`,
    );
    stubEnvironment({
      AWS_PROFILE: "lab",
      AWS_CONFIG_FILE: config,
      AWS_SHARED_CREDENTIALS_FILE: credentials,
    });
    await using storage = s3Storage(newPlace());
    await storage.put("a", bytes(5));
    expect(await storage.list("")).toEqual([{ key: "a", size: 5 }]);
  });

  test("without keys a sentence says where they are looked for", async () => {
    stubEnvironment({ AWS_ENDPOINT_URL: `http://127.0.0.1:${strict.port}` });
    await using storage = s3Storage(newPlace());
    await expect(storage.list("")).rejects.toThrow(
      "no credentials were found; set AWS_ACCESS_KEY_ID and",
    );
  });

  test("an endpoint that is no URL gets a sentence", async () => {
    stubEnvironment({
      AWS_ACCESS_KEY_ID: s3Keys.accessKeyId,
      AWS_SECRET_ACCESS_KEY: s3Keys.secretAccessKey,
      AWS_ENDPOINT_URL: "not a url",
    });
    await using storage = s3Storage(newPlace());
    await expect(storage.list("")).rejects.toThrow("AWS_ENDPOINT_URL is not a URL");
  });
});

describe("what a user can fix is a sentence", () => {
  const refusals: [name: string, status: number, sentence: string][] = [
    ["AccessDenied", 403, "these credentials have no right to s3:ListBucket there; grant it"],
    ["ExpiredToken", 400, "the credentials have expired; renew them"],
    ["InvalidToken", 400, "the session token is wrong"],
    [
      "PermanentRedirect",
      301,
      "the bucket clade-test is in another region; give it in AWS_REGION",
    ],
    ["AuthorizationHeaderMalformed", 400, "the bucket clade-test is in another region"],
    ["InvalidBucketName", 400, "the server does not accept the bucket name clade-test"],
    ["SomethingElse", 400, "s3:ListBucket was refused (SomethingElse: No., 400)"],
  ];
  test.for(refusals)("%s", async ([code, status, sentence]) => {
    await using proxy = await startFaultProxy(strict.port);
    proxy.faults = () => ({ kind: "refuse", status, code });
    await using storage = openAt(proxy.port);
    await expect(storage.list("")).rejects.toThrow(
      new RegExp(`^checkpoints s3://clade-test/place-\\d+/deep: ${escaped(sentence)}`),
    );
  });

  const mistakes: [what: string, options: S3Options["client"], url: string, sentence: string][] = [
    [
      "a wrong secret key",
      { credentials: { ...s3Keys, secretAccessKey: "Wr0ng/Secret" } },
      "s3://clade-test/a",
      "the secret key is wrong; correct AWS_SECRET_ACCESS_KEY",
    ],
    [
      "a wrong access key",
      { credentials: { ...s3Keys, accessKeyId: "WR0NGKEY" } },
      "s3://clade-test/a",
      "the server does not know this access key",
    ],
    [
      "a missing bucket",
      {},
      "s3://missing-bucket/a",
      "there is no bucket missing-bucket; create it",
    ],
    [
      "a server without TLS",
      { endpoint: `https://127.0.0.1:${strict.port}` },
      "s3://clade-test/a",
      "the server does not speak TLS",
    ],
    [
      "an unknown host",
      { endpoint: "http://no-such-host.invalid" },
      "s3://clade-test/a",
      "cannot be reached (",
    ],
  ];
  test.for(mistakes)("%s", async ([, client, url, sentence]) => {
    await using storage = s3Storage(url, { client: { ...clientFor(strict.port), ...client } });
    await expect(storage.put("a", bytes(5))).rejects.toThrow(`checkpoints ${url}: ${sentence}`);
    await expect(storage.read("a")).rejects.toThrow(CladeError);
  });

  test.for([
    ["s3://", "has no bucket name"],
    ["s3:///prefix", "has no bucket name"],
    ["https://clade-test/a", "has no bucket name"],
    ["s3://ab", "is not a bucket name"],
    ["s3://my bucket/a", '"my bucket" is not a bucket name'],
    ["s3://bucket?x=1", "is not a bucket name"],
    ["s3://bucket/a/../b", '".." cannot be part of the prefix'],
    ["s3://bucket/a//b", '"" cannot be part of the prefix'],
    ["s3://bucket/a?b", '"a?b" cannot be part of the prefix'],
    ["s3://bucket/a\nb", "cannot be part of the prefix"],
    ["s3://KEY:SECRET@bucket/a", "checkpoints s3://...: the URL must not contain keys"],
  ])("%j", ([url, sentence]) => {
    expect(() => s3Storage(url!)).toThrow(sentence);
    expect(() => s3Storage(url!)).not.toThrow(/SECRET/);
  });

  test.for([
    ["s3://bucket", "s3://bucket"],
    ["s3://bucket/", "s3://bucket"],
    ["s3://My_bucket.1/a/b/", "s3://My_bucket.1/a/b"],
    ["s3://bucket/Zürich 朝/x=1", "s3://bucket/Zürich 朝/x=1"],
  ])("%j is a place", ([url, shown]) => {
    expect(s3Storage(url!).shown).toBe(shown);
  });
});

test("a bucket without a prefix is a place, too", async () => {
  await using server = await startMemoryS3();
  await using storage = s3Storage("s3://clade-test", { client: clientFor(server.port) });
  await storage.put("a/b", bytes(5));
  expect([...server.objects.keys()]).toEqual(["a/b"]);
  expect(await storage.list("")).toEqual([{ key: "a/b", size: 5 }]);
});

test("no error and no log shows a key, a token or a signature", async () => {
  const secrets = {
    accessKeyId: "AKIASECRETID",
    secretAccessKey: "sup3r/S3cretKey",
    sessionToken: "t0ken+S3cret",
  };
  const written: string[] = [];
  for (const stream of [process.stdout, process.stderr])
    vi.spyOn(stream, "write").mockImplementation((text) => written.push(String(text)) > 0);
  const shown: string[] = [];
  try {
    await using proxy = await startFaultProxy(strict.port);
    const client = { ...clientFor(proxy.port), credentials: secrets };
    const refusals: Fault[] = [
      {
        kind: "refuse",
        status: 403,
        code:
          "SignatureDoesNotMatch</Code>" +
          `<StringToSign>x-amz-security-token:${secrets.sessionToken}</StringToSign>` +
          `<AWSAccessKeyId>${secrets.accessKeyId}</AWSAccessKeyId><Code>`,
      },
      { kind: "refuse", status: 400, code: `Odd ${secrets.accessKeyId} ${secrets.sessionToken}` },
      { kind: "refuse", status: 502 },
      { kind: "break request" },
      { kind: "break answer" },
    ];
    for (const fault of refusals) {
      proxy.faults = () => fault;
      await using storage = s3Storage("s3://clade-test/secrets", { client, patienceMs: 0 });
      const work: Promise<unknown>[] = [
        storage.list(""),
        storage.read("a"),
        storage.put("a", bytes(3)),
        storage.put("b", large),
        storage.delete(["a"]),
      ];
      for (const { reason } of (await Promise.allSettled(work)) as PromiseRejectedResult[]) {
        expect(reason).toBeInstanceOf(CladeError);
        shown.push(
          inspect(reason, { depth: 20, showHidden: true }),
          JSON.stringify(reason),
          reason.stack,
          String(reason.cause),
        );
      }
    }
  } finally {
    vi.restoreAllMocks();
  }
  const text = [...shown, ...written].join("\n");
  for (const secret of [...Object.values(secrets), "Signature="])
    expect(text).not.toContain(secret);
});

async function closeAll(...resources: (ObjectStorage | FaultProxy)[]): Promise<void> {
  for (const resource of resources) await resource[Symbol.asyncDispose]();
}

/** A port where a server was. */
async function closedServer(): Promise<{ port: number }> {
  await using server = await startMemoryS3();
  return { port: server.port };
}

function bytes(size: number): Buffer {
  const result = Buffer.alloc(size);
  let state = size;
  for (let index = 0; index + 4 <= size; index += 4) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    result.writeUInt32LE(state, index);
  }
  return result;
}

const hashOf = (content: Uint8Array) => createHash("sha256").update(content).digest("hex");
const same = (found: Uint8Array, content: Uint8Array) => Buffer.compare(found, content) === 0;
const escaped = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
