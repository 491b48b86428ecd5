/**
 * Large objects go up in parts, several at a time. Each part is retried by itself, so a broken
 * transfer continues where it stopped.
 */
import type { CompletedPart } from "@aws-sdk/client-s3";
import { CladeError } from "../../algorithm/clade-error.ts";
import { inParallel } from "./in-turn.ts";
import { type PartBuffers, partsInFlight } from "./part-buffers.ts";
import type { S3Connection } from "./s3-connection.ts";

const maxParts = 10_000;

/** Fills the buffer from the position on. */
export type ReadPart = (position: number, into: Buffer) => Promise<void>;

export async function multipartUpload(
  connection: S3Connection,
  partBytes: number,
  buffers: PartBuffers,
  key: string,
  size: number,
  readPart: ReadPart,
): Promise<void> {
  const object = { Bucket: connection.place.bucket, Key: key };
  const put = "s3:PutObject";
  const { UploadId } = await connection.patiently(put, (s3) => s3.createMultipartUpload(object));
  const upload = { ...object, UploadId };
  const bytesPerPart = partBytes * Math.ceil(size / (partBytes * maxParts));
  const Parts: CompletedPart[] = new Array(Math.ceil(size / bytesPerPart));

  const isThere = () =>
    connection.patiently<boolean>(
      "s3:GetObject",
      async (s3) => (await s3.headObject(object)).ContentLength === size,
      { NoSuchKey: () => false },
    );

  try {
    await inParallel(Parts.length, partsInFlight, async (index) => {
      const begin = index * bytesPerPart;
      const buffer = await buffers.take(bytesPerPart);
      try {
        const Body = buffer.subarray(0, Math.min(bytesPerPart, size - begin));
        await readPart(begin, Body);
        const PartNumber = index + 1;
        const { ETag } = await connection.patiently(put, (s3) =>
          s3.uploadPart({ ...upload, PartNumber, Body }),
        );
        Parts[index] = { PartNumber, ETag };
      } finally {
        buffers.give(buffer);
      }
    });
    await connection.patiently<unknown>(
      put,
      async (s3, attempt) => {
        // The answer to the first attempt may have been lost.
        if (attempt > 1 && (await isThere())) return;
        await s3.completeMultipartUpload({ ...upload, MultipartUpload: { Parts } });
      },
      {
        NoSuchUpload: async () => {
          if (!(await isThere()))
            throw new CladeError(
              `checkpoints ${connection.place.shown}: another process ended the upload of ${key}`,
            );
        },
      },
    );
  } catch (error) {
    // If this fails, too, `list` shows the rest as half-written.
    await connection.once((s3) => s3.abortMultipartUpload(upload)).catch(() => {});
    throw error;
  }
}
