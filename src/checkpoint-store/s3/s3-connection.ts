/**
 * Requests to an S3 server. The server may be down, overloaded or cut off while workers continue,
 * so requests that fail for such a reason are retried for a while. The first request loads the
 * SDK. It follows AWS's conventions for credentials, region and endpoint: environment, profiles,
 * roles of machines and pods.
 */
import { createHash } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { S3, S3ClientConfig } from "@aws-sdk/client-s3";
import { CladeError } from "../../algorithm/clade-error.ts";
import { Turns } from "./in-turn.ts";
import { codeOf, explained, isUnreachable, mayPass } from "./s3-errors.ts";
import type { S3Place } from "./s3-place.ts";

/**
 * How long requests are retried, in milliseconds: for a server that was reached before, and for
 * one that was not.
 */
const patienceMs = 10 * 60_000;
const firstPatienceMs = 10_000;
const firstPauseMs = 100;
const longestPauseMs = 10_000;

const connectMs = 10_000;
/** A connection without a byte for this time is closed, since a cut network says nothing. */
const silenceMs = 60_000;
/** Requests at the same time; more of them wait here. */
const maxRequests = 32;

export interface S3Options {
  /** Settings of the SDK's client, before those of the environment. */
  readonly client?: S3ClientConfig;
  /**
   * Called once when the server is down at the start; requests then wait for it. Without this, a
   * server that is down is an error at once.
   */
  readonly tellWaiting?: (sentence: string) => void;
  readonly patienceMs?: number;
  /**
   * Smaller objects go in one request, and larger ones in parts of this size; 8 MiB by default.
   * AWS accepts parts of less than 5 MiB only at the end.
   */
  readonly partBytes?: number;
}

/** Results for codes of errors that are not errors to a request. */
type Answers<T> = Readonly<Record<string, () => T | Promise<T>>>;

export class S3Connection {
  readonly place: S3Place;
  readonly #options: S3Options;
  readonly #turns = new Turns(maxRequests);
  readonly #closing = new AbortController();
  #opening: Promise<S3> | undefined;
  #wasReached = false;
  #toldWaiting = false;

  constructor(place: S3Place, options: S3Options) {
    this.place = place;
    this.#options = options;
  }

  /**
   * Sends a request, and retries it while its failures may pass. `action` is AWS's name for the
   * permission that it needs; `answers` are results for codes of errors that tell something. A
   * request that failed may have succeeded on the server.
   */
  async patiently<T>(
    action: string,
    work: (s3: S3, attempt: number) => Promise<T>,
    answers: Answers<T> = {},
  ): Promise<T> {
    const begin = performance.now();
    let pauseMs = firstPauseMs;
    for (let attempt = 1; ; attempt++) {
      try {
        const result = await this.once((s3) => work(s3, attempt));
        this.#wasReached = true;
        return result;
      } catch (error) {
        const answer = answers[codeOf(error)];
        if (answer) return await answer();
        if (!this.#isWorthWaiting(error, begin)) throw await this.#explained(error, action);
        await this.#tellWaiting(error, action);
      }
      await this.#pause(pauseMs);
      pauseMs = Math.min(2 * pauseMs, longestPauseMs);
    }
  }

  async close(): Promise<void> {
    this.#closing.abort();
    const s3 = await this.#opening?.catch(() => undefined);
    s3?.destroy();
  }

  /** Sends a request once. */
  async once<T>(work: (s3: S3) => Promise<T>): Promise<T> {
    this.#opening ??= open(this.#options.client);
    const s3 = await this.#opening;
    await this.#turns.take();
    try {
      return await work(s3);
    } finally {
      this.#turns.give();
    }
  }

  #isWorthWaiting(error: unknown, begin: number): boolean {
    if (
      error instanceof CladeError ||
      this.#closing.signal.aborted ||
      !mayPass(error, this.#wasReached)
    )
      return false;
    const { tellWaiting, patienceMs: given = patienceMs } = this.#options;
    const isPatient = this.#wasReached || tellWaiting !== undefined;
    if (!isPatient && isUnreachable(error)) return false;
    return performance.now() - begin < (isPatient ? given : Math.min(given, firstPatienceMs));
  }

  async #tellWaiting(error: unknown, action: string): Promise<void> {
    if (this.#wasReached || this.#toldWaiting) return;
    this.#toldWaiting = true;
    const { message } = await this.#explained(error, action);
    this.#options.tellWaiting?.(`${message}. Trying again for ${patienceMs / 60_000} minutes`);
  }

  async #explained(error: unknown, action: string): Promise<CladeError> {
    const { shown, bucket } = this.place;
    const s3 = await this.#opening?.catch(() => undefined);
    const credentials = await s3?.config.credentials().catch(() => undefined);
    const { accessKeyId, secretAccessKey, sessionToken } = credentials ?? {};
    const secrets = [accessKeyId, secretAccessKey, sessionToken].filter(
      (secret) => secret !== undefined && secret !== "",
    );
    return explained(error, {
      shown,
      bucket,
      action,
      wasReached: this.#wasReached,
      secrets: secrets as string[],
    });
  }

  /** With jitter, so that workers that failed together do not retry together. */
  async #pause(pauseMs: number): Promise<void> {
    await sleep(pauseMs * (0.5 + Math.random()), undefined, {
      signal: this.#closing.signal,
    }).catch(() => {});
  }
}

/** Loading takes 0.15 s. */
async function open(given: S3ClientConfig = {}): Promise<S3> {
  const sdk = await import("@aws-sdk/client-s3");
  const settings: S3ClientConfig = {
    maxAttempts: 1,
    followRegionRedirects: true,
    // It costs a connection for every part.
    expectContinueHeader: false,
    // Servers other than AWS do not know the newer checksums. The data is still protected, since
    // its SHA-256 is part of the signature.
    requestChecksumCalculation: "WHEN_REQUIRED",
    responseChecksumValidation: "WHEN_REQUIRED",
    requestHandler: {
      connectionTimeout: connectMs,
      socketTimeout: silenceMs,
      httpAgent: { keepAlive: true, maxSockets: maxRequests },
      httpsAgent: { keepAlive: true, maxSockets: maxRequests },
    },
    ...given,
  };
  const region = process.env.AWS_REGION || process.env.AWS_DEFAULT_REGION;
  let s3 = new sdk.S3({ ...(region && { region }), ...settings });
  // Private servers seldom have regions, and AWS tells where a bucket is.
  const hasRegion = await s3.config.region().then(Boolean, () => false);
  if (!hasRegion) s3 = new sdk.S3({ region: "us-east-1", ...settings });

  // Private servers seldom have a host name for each bucket.
  const provider = s3.config.endpointProvider;
  s3.config.endpointProvider = (parameters, context) =>
    provider(parameters.Endpoint ? { ...parameters, ForcePathStyle: true } : parameters, context);

  s3.middlewareStack.add(
    (next) => async (given) => {
      protectByMd5(given.request as HttpRequest);
      return next(given);
    },
    { step: "build", priority: "low", name: "protectByMd5" },
  );
  return s3;
}

interface HttpRequest {
  readonly headers: Record<string, string>;
  readonly body?: string | Uint8Array;
}

/**
 * Where the SDK requires a checksum, its default is one that only AWS knows. All servers know MD5.
 */
function protectByMd5({ headers, body }: HttpRequest): void {
  const newer = Object.keys(headers).filter((name) => /^x-amz-(sdk-)?checksum-/i.test(name));
  if (newer.length === 0 || body === undefined) return;
  for (const name of newer) delete headers[name];
  headers["content-md5"] = createHash("md5").update(body).digest("base64");
}
