/** Lists and deletes the objects of a bucket. */

import type { ListMultipartUploadsOutput, ListMultipartUploadsRequest } from "@aws-sdk/client-s3";
import { mapConcurrently } from "../map-concurrently.ts";
import type { S3Connection } from "./s3-connection.ts";
import { PassingError } from "./s3-errors.ts";

/** The number of keys that S3 accepts in one request. */
const maxDeleted = 1000;
const deletionsInFlight = 4;

export interface HalfWritten {
  readonly key: string;
  readonly uploadId: string;
}

export async function listObjects(
  connection: S3Connection,
  prefix: string,
): Promise<{ key: string; size: number }[]> {
  const found: { key: string; size: number }[] = [];
  let ContinuationToken: string | undefined;
  do {
    const request = { Bucket: connection.place.bucket, Prefix: prefix, ContinuationToken };
    const page = await connection.withRetry("s3:ListBucket", (s3) => s3.listObjectsV2(request));
    for (const { Key, Size } of page.Contents ?? []) found.push({ key: Key!, size: Size ?? 0 });
    ContinuationToken = page.IsTruncated ? page.NextContinuationToken : undefined;
  } while (ContinuationToken);
  return found;
}

/**
 * Empty where the server does not support or allow this. Then the bucket's rules must delete them.
 */
export async function listHalfWritten(
  connection: S3Connection,
  prefix: string,
): Promise<HalfWritten[]> {
  const found: HalfWritten[] = [];
  let marker: Pick<ListMultipartUploadsRequest, "KeyMarker" | "UploadIdMarker"> | undefined = {};
  const none = () => ({});
  while (marker) {
    const request = { Bucket: connection.place.bucket, Prefix: prefix, ...marker };
    const page: Page = await connection.withRetry<Page>(
      "s3:ListBucketMultipartUploads",
      (s3) => s3.listMultipartUploads(request),
      { NotImplemented: none, MethodNotAllowed: none, AccessDenied: none },
    );
    for (const { Key, UploadId } of page.Uploads ?? [])
      found.push({ key: Key!, uploadId: UploadId! });
    marker = page.IsTruncated
      ? { KeyMarker: page.NextKeyMarker, UploadIdMarker: page.NextUploadIdMarker }
      : undefined;
  }
  return found;
}

type Page = Omit<ListMultipartUploadsOutput, "$metadata">;

export async function deleteObjects(
  connection: S3Connection,
  keys: readonly string[],
): Promise<void> {
  const Bucket = connection.place.bucket;
  const batches = Array.from({ length: Math.ceil(keys.length / maxDeleted) }, (_, index) =>
    keys.slice(index * maxDeleted, (index + 1) * maxDeleted),
  );
  const singly = (batch: readonly string[]) =>
    mapConcurrently(
      batch,
      (Key) =>
        connection.withRetry<unknown>(
          "s3:DeleteObject",
          (s3) => s3.deleteObject({ Bucket, Key }),
          { NoSuchKey: () => undefined },
        ) as Promise<void>,
      maxDeleted,
    );
  const deleteBatch = async (batch: readonly string[]) => {
    const Delete = { Objects: batch.map((Key) => ({ Key })), Quiet: true };
    const isRefused = await connection.withRetry<boolean>(
      "s3:DeleteObject",
      async (s3) => {
        const { Errors = [] } = await s3.deleteObjects({ Bucket, Delete });
        const failed = Errors.find(({ Code }) => Code !== "NoSuchKey");
        if (failed)
          throw Object.assign(new PassingError(failed.Message ?? failed.Code), {
            name: failed.Code,
          });
        return false;
      },
      { NotImplemented: () => true, MethodNotAllowed: () => true },
    );
    if (isRefused) await singly(batch);
  };
  await mapConcurrently(batches, deleteBatch, deletionsInFlight);
}

export async function abortHalfWritten(
  connection: S3Connection,
  found: readonly HalfWritten[],
): Promise<void> {
  const Bucket = connection.place.bucket;
  const abort = async ({ key: Key, uploadId: UploadId }: HalfWritten) => {
    await connection.withRetry<unknown>(
      "s3:AbortMultipartUpload",
      (s3) => s3.abortMultipartUpload({ Bucket, Key, UploadId }),
      { NoSuchUpload: () => undefined },
    );
  };
  await mapConcurrently(found, abort, deletionsInFlight);
}
