/** A range of an object, continued where it broke. */
import type { Readable } from "node:stream";
import { CladeError } from "../../algorithm/clade-error.ts";
import type { S3Connection } from "./s3-connection.ts";
import { PassingError } from "./s3-errors.ts";

export interface Range {
  readonly start: number;
  readonly end: number;
  /** Whether the object is known to extend beyond the range, or to begin before it. */
  readonly isPart: boolean;
}

/**
 * Hands over the bytes from `start` to before `end`, or to the end of the object, in order and
 * each once. Resolves the size of the object, undefined if there is none. `expect` is told the
 * size before the first bytes, undefined if it is too small, and may throw. An object that may end
 * before `end` is requested without a range, since servers answer differently to empty ranges.
 */
export async function fetchRange(
  connection: S3Connection,
  key: string,
  { start, end, isPart }: Range,
  expect: (size: number | undefined) => void,
  take: (bytes: Buffer) => void,
): Promise<number | undefined> {
  let position = start;
  return connection.withRetry<number | undefined>(
    "s3:GetObject",
    async (s3) => {
      const Range = isPart || position > 0 ? `bytes=${position}-${end - 1}` : undefined;
      const request = { Bucket: connection.place.bucket, Key: key, Range };
      const { Body, ContentRange, ContentLength } = await s3.getObject(request);
      const body = Body as Readable;
      try {
        const isWhole = ContentRange === undefined;
        const size = Number(isWhole ? ContentLength : ContentRange.split("/")[1]);
        expect(size);
        const last = Math.min(end, size);
        // A server without ranges sends all of it.
        let skip = isWhole ? position : 0;
        for await (const chunk of body as AsyncIterable<Buffer>) {
          const bytes = chunk.subarray(skip, skip + last - position);
          skip = Math.max(0, skip - chunk.length);
          if (bytes.length > 0) take(bytes);
          position += bytes.length;
          // Leaving before the end closes the connection.
          if (isWhole && position === last) break;
        }
        if (position < last)
          throw new PassingError(`the answer ended ${last - position} bytes early`);
        return size;
      } finally {
        body.destroy();
      }
    },
    {
      NoSuchKey: () => undefined,
      InvalidRange: () => {
        expect(undefined);
        throw new CladeError(
          `checkpoints ${connection.place.shown}: object ${key} became smaller`,
        );
      },
    },
  );
}
