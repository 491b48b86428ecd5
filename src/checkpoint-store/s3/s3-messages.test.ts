import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import { CladeError } from "clade";
import { afterAll, afterEach, describe, expect, test, vi } from "vitest";
import { type Fault, startFaultProxy } from "../../../test/servers/fault-proxy.ts";
import { startMemoryS3 } from "../../../test/servers/memory-s3-server.ts";
import { clientFor, s3Keys } from "../../../test/servers/s3-server.ts";
import { bytes, large, newPlace, openAt, partBytes } from "./places.test-support.ts";
import type { S3Options } from "./s3-connection.ts";
import { s3Storage } from "./s3-storage.ts";

const strict = await startMemoryS3({ minPartBytes: partBytes });
const directory = mkdtempSync(join(tmpdir(), "clade-s3-test-"));
afterAll(async () => {
  await strict[Symbol.asyncDispose]();
  rmSync(directory, { recursive: true });
});
afterEach(() => vi.unstubAllEnvs());

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

/** A port where a server was. */
async function closedServer(): Promise<{ port: number }> {
  await using server = await startMemoryS3();
  return { port: server.port };
}

const escaped = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
