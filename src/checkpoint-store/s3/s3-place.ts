/** The place of objects in S3: `s3://bucket/prefix`. */
import { CladeError } from "../../algorithm/clade-error.ts";

export interface S3Place {
  readonly bucket: string;
  /** Empty, or with a slash at its end. */
  readonly prefix: string;
  readonly shown: string;
}

/** Servers other than AWS also allow capitals and underscores. */
const bucketRule = /^[a-zA-Z0-9][a-zA-Z0-9._-]{2,254}$/;
/** Characters that every server and every URL accepts unescaped. */
const prefixRule = /^[\p{L}\p{M}\p{N}!'()*._=@+ -]+$/u;

export function s3Place(url: string): S3Place {
  const [, bucket = "", rest = ""] = /^s3:\/\/([^/]*)(.*)$/s.exec(url) ?? [];
  const refuse = (shown: string, remedy: string): never => {
    throw new CladeError(`checkpoints ${shown}: ${remedy}`);
  };
  if (/[:@]/.test(bucket) || /[:?#].*@/s.test(rest))
    refuse(
      "s3://...",
      "the URL must not contain keys; write s3://bucket/prefix, " +
        "and give them in the environment or a profile",
    );
  if (bucket === "") refuse("s3://...", "has no bucket name; write it as s3://bucket/prefix");
  if (!bucketRule.test(bucket))
    refuse(
      `s3://${bucket}`,
      `${JSON.stringify(bucket)} is not a bucket name; ` +
        "use at least 3 letters, digits, dots or hyphens",
    );
  const parts = rest.replace(/^\/+|\/+$/g, "").split("/");
  const wrong = parts.find((part) => !prefixRule.test(part) || part === "." || part === "..");
  if (rest.replaceAll("/", "") !== "" && wrong !== undefined)
    refuse(
      `s3://${bucket}/...`,
      `${JSON.stringify(wrong)} cannot be part of the prefix; ` +
        "use letters, digits, dots, hyphens and underscores",
    );
  const prefix = parts[0] === "" ? "" : `${parts.join("/")}/`;
  return { bucket, prefix, shown: `s3://${bucket}/${prefix}`.replace(/\/$/, "") };
}
