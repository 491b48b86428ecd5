/**
 * The S3 server in memory as a process of its own, without its checks: `node memory-server.ts
 * <port>`.
 */
import { startMemoryS3 } from "../../test/servers/memory-s3-server.ts";

await startMemoryS3({ port: Number(process.argv[2]), isChecking: false });
