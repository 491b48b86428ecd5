/**
 * What errors of S3 servers, of the SDK and of the network mean: whether they may pass, and what a
 * user can do about them.
 */
import { CladeError } from "../../algorithm/clade-error.ts";

/** Network errors, which are retried. */
export class PassingError extends Error {}

interface Failure {
  readonly name?: string;
  readonly code?: string;
  readonly message?: string;
  readonly $metadata?: { readonly httpStatusCode?: number };
}

const unreachableCodes = new Set([
  "ECONNREFUSED",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EADDRNOTAVAIL",
]);
const brokenCodes = new Set([
  "ECONNRESET",
  "EPIPE",
  "ETIMEDOUT",
  "ECONNABORTED",
  "ERR_STREAM_PREMATURE_CLOSE",
]);
/**
 * A server answers 400 to a request that was damaged or stalled on its way, or to a wrong clock,
 * whose difference the SDK then knows.
 */
const passingNames = new Set([
  "TimeoutError",
  "RequestTimeout",
  "RequestTimeTooSkewed",
  "BadDigest",
  "IncompleteBody",
  "XAmzContentSHA256Mismatch",
  "XAmzContentChecksumMismatch",
  "OperationAborted",
  "InternalError",
  "ServiceUnavailable",
  "SlowDown",
]);
const certificateCodes = /CERT|SELF_SIGNED|UNABLE_TO_VERIFY/;

/** The code that S3 gives, the same for every way of saying that an object is missing. */
export function codeOf(error: unknown): string {
  const { name = "", $metadata } = error as Failure;
  const isOther = name === "NoSuchBucket" || name === "NoSuchUpload";
  return $metadata?.httpStatusCode === 404 && !isOther ? "NoSuchKey" : name;
}

export function isUnreachable(error: unknown): boolean {
  const { name, code = "", message = "" } = error as Failure;
  return (
    unreachableCodes.has(code) ||
    (name === "TimeoutError" && message.includes("establish a connection"))
  );
}

/** Whether a retry may help. */
export function mayPass(error: unknown, wasReached: boolean): boolean {
  const { name = "", code = "", message = "", $metadata } = error as Failure;
  const status = $metadata?.httpStatusCode ?? 0;
  if (error instanceof PassingError || passingNames.has(name)) return true;
  // Roles of machines ask a server for credentials, which may fail for a while, too.
  if (name === "CredentialsProviderError") return wasReached;
  if ((status >= 500 && status !== 501) || status === 429 || status === 408) return true;
  // An answer cannot be read when it was cut off, or when a proxy gave it.
  if (status === 200 || status === 206 || message.includes("Deserialization error")) return true;
  return unreachableCodes.has(code) || brokenCodes.has(code) || message === "aborted";
}

export interface Circumstances {
  readonly shown: string;
  readonly bucket: string;
  /** AWS's name for the permission that the request needs. */
  readonly action: string;
  readonly wasReached: boolean;
  /** What must not be shown. */
  readonly secrets: readonly string[];
}

/**
 * The error as a sentence with what to do about it. Errors of the SDK hold requests with their
 * signatures, so only their text is kept.
 */
export function explained(error: unknown, circumstances: Circumstances): CladeError {
  if (error instanceof CladeError) return error;
  const { shown, action, wasReached, secrets } = circumstances;
  const { name, code, message, $metadata } = error as Failure;
  const conceal = (text: string) =>
    secrets.reduce((concealed, secret) => concealed.replaceAll(secret, "***"), text);
  const status = $metadata?.httpStatusCode;
  const words = conceal(
    [code ?? name, message]
      .filter(Boolean)
      .join(": ")
      .replace(/\s*\n.*/s, ""),
  );
  const cause = new Error(`${words}${status ? ` (${status})` : ""}`);
  const then = wasReached ? ", then resume the run" : "";
  const sentence = () => {
    const remedy = remedyFor(error as Failure, circumstances);
    if (remedy) return remedy;
    if (!status && mayPass(error, true))
      return (
        `cannot be reached (${words}); ` +
        `check AWS_ENDPOINT_URL, the region and the network${then}`
      );
    if (mayPass(error, true))
      return `the server keeps failing (${words}, ${status}); see its state${then}`;
    return `${action} was refused (${words}${status ? `, ${status}` : ""})`;
  };
  return new CladeError(`checkpoints ${shown}: ${sentence()}`, { cause });
}

/** The problem and its remedy, for errors that a user can fix. */
function remedyFor(error: Failure, { bucket, action }: Circumstances): string | undefined {
  const isElsewhere = `the bucket ${bucket} is in another region`;
  const wrongRegion = `${isElsewhere}; give it in AWS_REGION or in the profile`;
  const expired = "the credentials have expired; renew them, then resume the run";
  const remedies: Readonly<Record<string, string>> = {
    CredentialsProviderError:
      "no credentials were found; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or " +
      "AWS_PROFILE, or give this machine a role",
    InvalidAccessKeyId:
      "the server does not know this access key; correct AWS_ACCESS_KEY_ID or the profile",
    SignatureDoesNotMatch: "the secret key is wrong; correct AWS_SECRET_ACCESS_KEY or the profile",
    ExpiredToken: expired,
    TokenRefreshRequired: expired,
    InvalidToken: "the session token is wrong; correct AWS_SESSION_TOKEN, or unset it",
    RequestTimeTooSkewed:
      "the clock of this machine differs too much from the server's; set it right",
    NoSuchBucket:
      `there is no bucket ${bucket}; ` + `create it, for example with: aws s3 mb s3://${bucket}`,
    InvalidBucketName: `the server does not accept the bucket name ${bucket}; give another`,
    PermanentRedirect: wrongRegion,
    AuthorizationHeaderMalformed: wrongRegion,
  };
  const remedy = remedies[error.name ?? ""];
  if (remedy) return remedy;
  if (certificateCodes.test(error.code ?? ""))
    return (
      `the server's certificate is not trusted (${error.code}); ` +
      "give its authority in NODE_EXTRA_CA_CERTS"
    );
  if (error.code === "EPROTO")
    return "the server does not speak TLS; write http:// in AWS_ENDPOINT_URL";
  if (error.code === "ERR_INVALID_URL")
    return "AWS_ENDPOINT_URL is not a URL; write it as https://host:port";
  if (error.$metadata?.httpStatusCode === 301) return wrongRegion;
  if (error.$metadata?.httpStatusCode === 403)
    return `these credentials have no right to ${action} there; grant it`;
  return undefined;
}
