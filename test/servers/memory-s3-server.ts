/**
 * An S3 server in memory, as strict as AWS. It checks signatures and hashes, shows objects whole
 * or not at all, and lists unfinished uploads. `s3rver` from npm does none of these. The benchmark
 * uses this server, because it is not the bottleneck there.
 */
import { createHash, createHmac } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { type Answer, MemoryBucket, Refusal, xml } from "./memory-bucket.ts";
import { type S3Server, s3Keys } from "./s3-server.ts";
import { written } from "./written.ts";

const bucket = "clade-test";

export interface MemoryS3Server extends S3Server {
  readonly objects: ReadonlyMap<string, readonly Buffer[]>;
  /** The keys of unfinished uploads. */
  halfWritten(): string[];
}

export interface MemoryS3Options {
  readonly port?: number;
  /** Whether to check hashes, which takes longer than anything else here. */
  readonly isChecking?: boolean;
  /** All parts but the last have at least as many bytes: 5 MiB by default, as in AWS. */
  readonly minPartBytes?: number;
  /** Kinds of requests, such as "DELETE" or "GET uploads", that are answered with 403 or 501. */
  readonly refused?: Readonly<Record<string, "AccessDenied" | "NotImplemented">>;
}

export async function startMemoryS3({
  port = 0,
  isChecking = true,
  minPartBytes = 5 * 1024 * 1024,
  refused = {},
}: MemoryS3Options = {}): Promise<MemoryS3Server> {
  const stored = new MemoryBucket(minPartBytes);

  function answerFor(request: IncomingMessage, body: Buffer[]): Answer {
    const { pathname, searchParams: query } = new URL(request.url!, "http://s3");
    const [, named = "", encodedKey = ""] = /^\/([^/]*)\/?(.*)$/s.exec(pathname)!;
    if (isChecking) checkSignature(request, body);
    if (named !== bucket) throw new Refusal(404, "NoSuchBucket");
    const key = decodeURIComponent(encodedKey);
    const what = ["uploads", "delete", "uploadId"].find((name) => query.has(name));
    const kind = [request.method, what].filter(Boolean).join(" ");
    const refusal = refused[kind];
    if (refusal) throw new Refusal(refusal === "AccessDenied" ? 403 : 501, refusal);
    const { range, "content-md5": md5 } = request.headers;
    if (kind === "PUT") return stored.put(key, body);
    if (kind === "PUT uploadId") return stored.putPart(query, body);
    if (kind === "POST uploads") return stored.beginUpload(key);
    if (kind === "POST uploadId") return stored.completeUpload(key, query, body);
    if (kind === "DELETE uploadId") return stored.abortUpload(query);
    if (kind === "DELETE") return stored.delete(key);
    if (kind === "POST delete") return stored.deleteMany(md5, body);
    if (kind === "GET uploads") return stored.listUploads(query);
    if (kind === "GET" && key === "") return stored.list(query);
    return stored.get(key, range);
  }

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body: Buffer[] = [];
    for await (const chunk of request) body.push(chunk);
    const isHead = request.method === "HEAD";
    let answer: Answer;
    try {
      answer = answerFor(request, body);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      const { status, code } = error;
      answer = { ...xml(`<Error><Code>${code}</Code><Message>${code}</Message></Error>`), status };
    }
    response.writeHead(answer.status, answer.headers);
    for (const chunk of isHead ? [] : (answer.body ?? [])) await written(response, chunk);
    response.end();
  }

  const server = createServer((request, response) => {
    serve(request, response).catch(() => response.destroy());
  });
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    bucket,
    objects: stored.objects,
    halfWritten: () => stored.halfWritten(),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** What a signed request says: key, scope, day, region, signed headers, signature. */
const authorization = new RegExp(
  "^AWS4-HMAC-SHA256 Credential=([^/]+)/(([^/]+)/([^/]+)/s3/aws4_request), " +
    String.raw`SignedHeaders=([^,]+), Signature=(\w+)$`,
);

/** AWS Signature Version 4, and the hashes of the body. */
function checkSignature(request: IncomingMessage, body: readonly Buffer[]): void {
  const { headers, method } = request;
  const given = authorization.exec(headers.authorization ?? "");
  if (!given) throw new Refusal(403, "AccessDenied");
  const [, accessKey, scope, day, region, signed, signature] = given as unknown as string[];
  if (accessKey !== s3Keys.accessKeyId) throw new Refusal(403, "InvalidAccessKeyId");
  const [path, query = ""] = request.url!.split("?");
  const canonical = [
    method,
    path,
    query
      .split("&")
      .map((pair) => (pair.includes("=") || pair === "" ? pair : `${pair}=`))
      .sort()
      .join("&"),
    ...signed!.split(";").map((name) => `${name}:${String(headers[name]).trim()}`),
    "",
    signed,
    headers["x-amz-content-sha256"],
  ];
  const toSign = [
    "AWS4-HMAC-SHA256",
    headers["x-amz-date"],
    scope,
    hash("sha256", [Buffer.from(canonical.join("\n"))], "hex"),
  ];
  const key = [day, region, "s3", "aws4_request"].reduce<string | Buffer>(
    (key, word) => createHmac("sha256", key).update(word!).digest(),
    `AWS4${s3Keys.secretAccessKey}`,
  );
  const expected = createHmac("sha256", key).update(toSign.join("\n")).digest("hex");
  if (signature !== expected) throw new Refusal(403, "SignatureDoesNotMatch");
  if (hash("sha256", body, "hex") !== headers["x-amz-content-sha256"])
    throw new Refusal(400, "XAmzContentSHA256Mismatch");
  const md5 = headers["content-md5"];
  if (md5 && hash("md5", body, "base64") !== md5) throw new Refusal(400, "BadDigest");
}

function hash(algorithm: string, body: readonly Buffer[], encoding: "hex" | "base64"): string {
  const hash = createHash(algorithm);
  for (const chunk of body) hash.update(chunk);
  return hash.digest(encoding);
}
