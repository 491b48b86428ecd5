import { clientFor } from "../../../test/servers/s3-server.ts";
import type { S3Options } from "./s3-connection.ts";
import { s3Storage } from "./s3-storage.ts";

/** Much is transferred in tests, so parts are smaller than AWS's. */
export const partBytes = 100_000;

let places = 0;
export const newPlace = () => `s3://clade-test/place-${places++}/deep`;
export const openAt = (port: number, options: S3Options = {}) =>
  s3Storage(newPlace(), { client: clientFor(port), partBytes, ...options });

export function bytes(size: number): Buffer {
  const result = Buffer.alloc(size);
  let state = size;
  for (let index = 0; index + 4 <= size; index += 4) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    result.writeUInt32LE(state, index);
  }
  return result;
}

export const large = bytes(partBytes + 100);
