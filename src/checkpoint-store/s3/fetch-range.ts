/** A range of an object, continued where it broke. */
import type { Readable } from "node:stream";
import type { S3Connection } from "./s3-connection.ts";
import { PassingError } from "./s3-errors.ts";

/**
 * Hands over the bytes from `start` to before `end`, or to the end of the object, in order and each once. Resolves the size of the object, undefined if there is none.
 * `expect` is told the size before the first bytes, and may throw.
 */
export async function fetchRange(
  connection: S3Connection,
  key: string,
  start: number,
  end: number,
  expect: (size: number) => void,
  take: (bytes: Buffer) => void,
): Promise<number | undefined> {
  let position = start;
  return connection.patiently<number | undefined>(
    "s3:GetObject",
    async (s3) => {
      const range = { Bucket: connection.place.bucket, Key: key, Range: `bytes=${position}-${end - 1}` };
      const { Body, ContentRange, ContentLength } = await s3.getObject(range);
      const body = Body as Readable;
      try {
        const isWhole = ContentRange === undefined;
        const size = Number(isWhole ? ContentLength : ContentRange.split("/")[1]);
        expect(size);
        const last = Math.min(end, size);
        // A server that knows no ranges sends all of it.
        let skip = isWhole ? position : 0;
        for await (const chunk of body as AsyncIterable<Buffer>) {
          const bytes = chunk.subarray(skip, skip + last - position);
          skip = Math.max(0, skip - chunk.length);
          if (bytes.length > 0) take(bytes);
          position += bytes.length;
          // Whoever leaves before the end loses the connection.
          if (isWhole && position === last) break;
        }
        if (position < last) throw new PassingError(`the answer ended ${last - position} bytes early`);
        return size;
      } finally {
        body.destroy();
      }
    },
    {
      NoSuchKey: () => undefined,
      // There is no byte at `position`: the object is empty, or not what it should be.
      InvalidRange: () => {
        expect(0);
        return 0;
      },
    },
  );
}
