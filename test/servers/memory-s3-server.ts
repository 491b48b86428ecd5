/**
 * An S3 server that keeps everything in memory, as strict as AWS: it checks signatures and what
 * was hashed, shows objects whole or not at all, and lists what is half-written. `s3rver`, the one
 * on npm, does none of these. It is also what the benchmark measures against, since it is not the
 * bottleneck there.
 */
import { createHash, createHmac } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { type S3Server, s3Keys } from "./s3-server.ts";
import { written } from "./written.ts";

const maxPerPage = 1000;
const minPartBytes = 5 * 1024 * 1024;

export interface MemoryS3Server extends S3Server {
  readonly objects: ReadonlyMap<string, readonly Buffer[]>;
  /** The keys of what is half-written. */
  halfWritten(): string[];
}

export interface MemoryS3Options {
  readonly port?: number;
  /** Hashing takes longer than anything else here. */
  readonly isChecking?: boolean;
  /**
   * For each kind of request, such as "DELETE" or "GET uploads": it is answered with 403 or with
   * 501.
   */
  readonly refused?: Readonly<Record<string, "AccessDenied" | "NotImplemented">>;
}

export async function startMemoryS3({
  port = 0,
  isChecking = true,
  refused = {},
}: MemoryS3Options = {}): Promise<MemoryS3Server> {
  const bucket = "clade-test";
  const objects = new Map<string, Buffer[]>();
  const uploads = new Map<
    string,
    { key: string; parts: Map<number, { etag: string; body: Buffer[] }> }
  >();
  let count = 0;

  function answerFor(request: IncomingMessage, body: Buffer[]): Answer {
    const { pathname, searchParams: query } = new URL(request.url!, "http://s3");
    const [, foundBucket = "", encodedKey = ""] = /^\/([^/]*)\/?(.*)$/s.exec(pathname)!;
    if (isChecking) checkSignature(request, body);
    if (foundBucket !== bucket) throw new Refusal(404, "NoSuchBucket");
    const key = decodeURIComponent(encodedKey);
    const uploadId = query.get("uploadId");
    const upload = () => uploads.get(uploadId!) ?? raise(new Refusal(404, "NoSuchUpload"));
    const named = ["uploads", "delete", "uploadId"].find((name) => query.has(name));
    const kind = [request.method, named].filter(Boolean).join(" ");
    const refusal = refused[kind];
    if (refusal) throw new Refusal(refusal === "AccessDenied" ? 403 : 501, refusal);

    if (kind === "PUT") {
      objects.set(key, body);
      return { status: 200, headers: { etag: `"${count++}"` } };
    }
    if (kind === "PUT uploadId") {
      const etag = `"${count++}"`;
      upload().parts.set(Number(query.get("partNumber")), { etag, body });
      return { status: 200, headers: { etag } };
    }
    if (kind === "POST uploads") {
      const id = `upload-${count++}`;
      uploads.set(id, { key, parts: new Map() });
      return xml(element("InitiateMultipartUploadResult", element("UploadId", id)));
    }
    if (kind === "POST uploadId") {
      const listed = matches(text(body), /<Part>(.*?)<\/Part>/gs).map((part) => ({
        number: Number(/<PartNumber>(\d+)/.exec(part)![1]),
        etag: unescaped(/<ETag>(.*?)<\/ETag>/.exec(part)![1]!),
      }));
      const { parts } = upload();
      const bodies = listed.map(({ number, etag }, index) => {
        const part = parts.get(number);
        if (part?.etag !== etag) throw new Refusal(400, "InvalidPart");
        if (index < listed.length - 1 && sizeOf(part.body) < minPartBytes)
          throw new Refusal(400, "EntityTooSmall");
        return part.body;
      });
      objects.set(key, bodies.flat());
      uploads.delete(uploadId!);
      return xml("<CompleteMultipartUploadResult></CompleteMultipartUploadResult>");
    }
    if (kind === "DELETE uploadId") {
      upload();
      uploads.delete(uploadId!);
      return { status: 204 };
    }
    if (kind === "DELETE") {
      objects.delete(key);
      return { status: 204 };
    }
    if (kind === "POST delete") {
      if (!request.headers["content-md5"]) throw new Refusal(400, "MissingContentMD5");
      const keys = matches(text(body), /<Key>(.*?)<\/Key>/gs).map(unescaped);
      if (keys.length > maxPerPage) throw new Refusal(400, "MalformedXML");
      for (const deleted of keys) objects.delete(deleted);
      return xml("<DeleteResult></DeleteResult>");
    }
    if (kind === "GET uploads") {
      const prefix = query.get("prefix") ?? "";
      const after = query.get("upload-id-marker");
      const found = [...uploads].filter(([, { key }]) => key.startsWith(prefix));
      const begin = after ? found.findIndex(([id]) => id === after) + 1 : 0;
      // Short pages, so that there are some.
      const page = found.slice(begin, begin + 2);
      const isTruncated = begin + 2 < found.length;
      const last = page.at(-1);
      const next = isTruncated
        ? element("NextKeyMarker", escaped(last![1].key)) + element("NextUploadIdMarker", last![0])
        : "";
      const items = page.map(([id, { key }]) =>
        element("Upload", element("Key", escaped(key)) + element("UploadId", id)),
      );
      return xml(
        element(
          "ListMultipartUploadsResult",
          element("IsTruncated", isTruncated) + next + items.join(""),
        ),
      );
    }
    if (kind === "GET" && key === "") {
      const after = query.get("continuation-token") ?? "";
      const keys = [...objects.keys()]
        .filter((key) => key.startsWith(query.get("prefix") ?? "") && key > after)
        .sort();
      const page = keys.slice(0, maxPerPage);
      const isTruncated = page.length < keys.length;
      const next = isTruncated ? element("NextContinuationToken", escaped(page.at(-1)!)) : "";
      const items = page.map((key) =>
        element(
          "Contents",
          element("Key", escaped(key)) + element("Size", sizeOf(objects.get(key)!)),
        ),
      );
      return xml(
        element("ListBucketResult", element("IsTruncated", isTruncated) + next + items.join("")),
      );
    }
    const object = objects.get(key);
    if (!object) throw new Refusal(404, "NoSuchKey");
    const size = sizeOf(object);
    const range = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? "");
    if (!range) return { status: 200, headers: { "content-length": size }, body: object };
    const [begin, end] = [Number(range[1]), Math.min(Number(range[2]) + 1, size)];
    if (begin >= size) throw new Refusal(416, "InvalidRange");
    const headers = {
      "content-length": end - begin,
      "content-range": `bytes ${begin}-${end - 1}/${size}`,
    };
    return { status: 206, headers, body: sliced(object, begin, end) };
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
    objects,
    halfWritten: () => Array.from(uploads.values(), ({ key }) => key),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

interface Answer {
  readonly status: number;
  readonly headers?: Record<string, string | number>;
  readonly body?: readonly Buffer[];
}

class Refusal extends Error {
  readonly status: number;
  readonly code: string;
  constructor(status: number, code: string) {
    super(code);
    this.status = status;
    this.code = code;
  }
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

function sliced(body: readonly Buffer[], begin: number, end: number): Buffer[] {
  const found: Buffer[] = [];
  let position = 0;
  for (const chunk of body) {
    const [from, to] = [Math.max(begin - position, 0), Math.min(end - position, chunk.length)];
    if (from < to) found.push(chunk.subarray(from, to));
    position += chunk.length;
  }
  return found;
}

function xml(content: string): Answer {
  const body = Buffer.from(`<?xml version="1.0" encoding="UTF-8"?>\n${content}`);
  return {
    status: 200,
    headers: { "content-type": "application/xml", "content-length": body.length },
    body: [body],
  };
}

const element = (name: string, content: string | number | boolean) =>
  `<${name}>${content}</${name}>`;
const sizeOf = (body: readonly Buffer[]) => body.reduce((sum, { length }) => sum + length, 0);
const text = (body: readonly Buffer[]) => Buffer.concat(body).toString();
const matches = (text: string, pattern: RegExp) =>
  Array.from(text.matchAll(pattern), ([, found]) => found!);
const entities = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&apos;" };
const escaped = (text: string) => text.replace(/[&<>"']/g, (found) => entities[found as "&"]);
const unescaped = (text: string) =>
  Object.entries(entities).reduceRight(
    (text, [plain, entity]) => text.replaceAll(entity, plain),
    text,
  );

function raise(error: Error): never {
  throw error;
}
