import { afterAll, describe, test } from "vitest";
import { clientFor, startS3 } from "../../../test/servers/s3-server.ts";
import { objectStorageConformance } from "../../testing/object-storage-conformance.ts";
import { s3Storage } from "./s3-storage.ts";

const server = await startS3();
afterAll(() => server[Symbol.asyncDispose]());

let places = 0;
const newPlace = () => `s3://${server.bucket}/place-${places++}/deep`;

describe("S3", () => {
  const open = () => s3Storage(newPlace(), { client: clientFor(server.port) });
  for (const { name, run } of objectStorageConformance(open)) test(name, run);
});
