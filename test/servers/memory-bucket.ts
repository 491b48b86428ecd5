/** A bucket of S3 in memory: the answer to each kind of request. */

export interface Answer {
  readonly status: number;
  readonly headers?: Record<string, string | number>;
  readonly body?: readonly Buffer[];
}

/** An error of S3, which becomes the answer. */
export class Refusal extends Error {
  readonly status: number;
  readonly code: string;
  constructor(status: number, code: string) {
    super(code);
    this.status = status;
    this.code = code;
  }
}

interface Upload {
  readonly key: string;
  readonly parts: Map<number, { readonly etag: string; readonly body: Buffer[] }>;
}

const maxPerPage = 1000;
/** Short pages, so that there are several. */
const maxUploadsPerPage = 2;

export class MemoryBucket {
  readonly objects = new Map<string, Buffer[]>();
  readonly #uploads = new Map<string, Upload>();
  readonly #minPartBytes: number;
  #count = 0;

  constructor(minPartBytes: number) {
    this.#minPartBytes = minPartBytes;
  }

  /** The keys of unfinished uploads. */
  halfWritten(): string[] {
    return Array.from(this.#uploads.values(), ({ key }) => key);
  }

  get(key: string, wanted = ""): Answer {
    const object = this.objects.get(key);
    if (!object) throw new Refusal(404, "NoSuchKey");
    const size = sizeOf(object);
    const range = /^bytes=(\d+)-(\d+)$/.exec(wanted);
    if (!range) return { status: 200, headers: { "content-length": size }, body: object };
    const [begin, end] = [Number(range[1]), Math.min(Number(range[2]) + 1, size)];
    if (begin >= size) throw new Refusal(416, "InvalidRange");
    const headers = {
      "content-length": end - begin,
      "content-range": `bytes ${begin}-${end - 1}/${size}`,
    };
    return { status: 206, headers, body: sliced(object, begin, end) };
  }

  list(query: URLSearchParams): Answer {
    const after = query.get("continuation-token") ?? "";
    const keys = [...this.objects.keys()]
      .filter((key) => key.startsWith(query.get("prefix") ?? "") && key > after)
      .sort();
    const page = keys.slice(0, maxPerPage);
    const isTruncated = page.length < keys.length;
    const next = isTruncated ? element("NextContinuationToken", escaped(page.at(-1)!)) : "";
    const items = page.map((key) =>
      element(
        "Contents",
        element("Key", escaped(key)) + element("Size", sizeOf(this.objects.get(key)!)),
      ),
    );
    return xml(
      element("ListBucketResult", element("IsTruncated", isTruncated) + next + items.join("")),
    );
  }

  put(key: string, body: Buffer[]): Answer {
    this.objects.set(key, body);
    return { status: 200, headers: { etag: this.#newTag() } };
  }

  delete(key: string): Answer {
    this.objects.delete(key);
    return { status: 204 };
  }

  deleteMany(md5: string | string[] | undefined, body: readonly Buffer[]): Answer {
    if (!md5) throw new Refusal(400, "MissingContentMD5");
    const keys = matches(text(body), /<Key>(.*?)<\/Key>/gs).map(unescaped);
    if (keys.length > maxPerPage) throw new Refusal(400, "MalformedXML");
    for (const deleted of keys) this.objects.delete(deleted);
    return xml("<DeleteResult></DeleteResult>");
  }

  beginUpload(key: string): Answer {
    const id = `upload-${this.#count++}`;
    this.#uploads.set(id, { key, parts: new Map() });
    return xml(element("InitiateMultipartUploadResult", element("UploadId", id)));
  }

  putPart(query: URLSearchParams, body: Buffer[]): Answer {
    const etag = this.#newTag();
    this.#upload(query).parts.set(Number(query.get("partNumber")), { etag, body });
    return { status: 200, headers: { etag } };
  }

  completeUpload(key: string, query: URLSearchParams, body: readonly Buffer[]): Answer {
    const listed = matches(text(body), /<Part>(.*?)<\/Part>/gs).map((part) => ({
      number: Number(/<PartNumber>(\d+)/.exec(part)![1]),
      etag: unescaped(/<ETag>(.*?)<\/ETag>/.exec(part)![1]!),
    }));
    const { parts } = this.#upload(query);
    const bodies = listed.map(({ number, etag }, index) => {
      const part = parts.get(number);
      if (part?.etag !== etag) throw new Refusal(400, "InvalidPart");
      if (index < listed.length - 1 && sizeOf(part.body) < this.#minPartBytes)
        throw new Refusal(400, "EntityTooSmall");
      return part.body;
    });
    this.objects.set(key, bodies.flat());
    this.#uploads.delete(query.get("uploadId")!);
    return xml("<CompleteMultipartUploadResult></CompleteMultipartUploadResult>");
  }

  abortUpload(query: URLSearchParams): Answer {
    this.#upload(query);
    this.#uploads.delete(query.get("uploadId")!);
    return { status: 204 };
  }

  listUploads(query: URLSearchParams): Answer {
    const prefix = query.get("prefix") ?? "";
    const after = query.get("upload-id-marker");
    const found = [...this.#uploads].filter(([, { key }]) => key.startsWith(prefix));
    const begin = after ? found.findIndex(([id]) => id === after) + 1 : 0;
    const page = found.slice(begin, begin + maxUploadsPerPage);
    const isTruncated = begin + maxUploadsPerPage < found.length;
    const last = page.at(-1);
    const next = isTruncated
      ? element("NextKeyMarker", escaped(last![1].key)) + element("NextUploadIdMarker", last![0])
      : "";
    const items = page.map(([id, { key }]) =>
      element("Upload", element("Key", escaped(key)) + element("UploadId", id)),
    );
    const content = element("IsTruncated", isTruncated) + next + items.join("");
    return xml(element("ListMultipartUploadsResult", content));
  }

  #upload(query: URLSearchParams): Upload {
    const upload = this.#uploads.get(query.get("uploadId")!);
    if (!upload) throw new Refusal(404, "NoSuchUpload");
    return upload;
  }

  #newTag(): string {
    return `"${this.#count++}"`;
  }
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

export function xml(content: string): Answer {
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
