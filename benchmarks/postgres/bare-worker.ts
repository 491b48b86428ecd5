/**
 * One of many processes that do nothing but transactions of one insert and one update:
 * `bare-worker.ts URL ROW SECONDS`. Says how many it did.
 */
import { once } from "node:events";
import pg from "pg";

const [url, row, seconds] = process.argv.slice(2) as [string, string, string];
const client = new pg.Client(url);
await client.connect();
process.send!("ready");
await once(process, "message");
let count = 0;
for (const end = performance.now() + 1000 * Number(seconds); performance.now() < end; count++)
  await client.query(
    `BEGIN; INSERT INTO a (v) VALUES ('x'); UPDATE b SET v = v + 1 WHERE k = ${row}; COMMIT`,
  );
await client.end();
process.send!(count);
process.disconnect();
