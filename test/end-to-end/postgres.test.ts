import pg from "pg";
import { expect, test } from "vitest";
import { sharedPostgres } from "../servers/postgres-server.ts";
import { climb, Workplace } from "./command-line.ts";
import { textsBelow, watchProcesses } from "./what-can-be-read.ts";

const server = await sharedPostgres();
const needs = server ? "" : " (needs PostgreSQL, and there is none for this machine)";

test.skipIf(!server)(
  `a run lives in PostgreSQL, and its password appears nowhere${needs}`,
  async () => {
    const url = await server!.newDatabase();
    using place = new Workplace({ CLADE_STORE: url });
    place.write("climb.mjs", climb({}));
    const running = place.start("run", "climb.mjs", "--workers", "2");
    const seen = watchProcesses();
    const run = await running.finished;
    const processes = seen();
    expect(run).toMatchObject({ code: 0, stderr: "" });
    expect(processes).toContain("--local");
    const others = await Promise.all(
      [["list"], ["status"], ["show"], ["export"], ["report"], ["best"], ["worker"]].map((words) =>
        place.ask(...words),
      ),
    );
    for (const { code } of others) expect(code).toBe(0);

    const client = new pg.Client(url);
    await client.connect();
    const { rows } = await client.query("SELECT * FROM clade.runs, clade.snapshots");
    await client.end();
    expect(rows.length).toBeGreaterThan(10);
    const everywhere = [run, ...others].flatMap(({ stdout, stderr }) => [stdout, stderr]);
    for (const text of [
      ...everywhere,
      ...textsBelow(place.directory),
      JSON.stringify(rows),
      processes,
    ])
      for (const secret of [server!.password, encodeURIComponent(server!.password)])
        expect(text.includes(secret)).toBe(false);
  },
);

test.skipIf(!server)(
  `a worker that does not see the checkpoints of the others is refused${needs}`,
  async () => {
    const url = await server!.newDatabase();
    using place = new Workplace({ CLADE_STORE: url });
    place.write("climb.mjs", climb({}));
    expect((await place.ask("run", "climb.mjs")).code).toBe(0);
    const client = new pg.Client(url);
    await client.connect();
    await client.query("UPDATE clade.runs SET state = 'running', reason = NULL");
    await client.end();
    using elsewhere = new Workplace({ CLADE_STORE: url });
    const refused = await elsewhere.ask("worker", "--checkpoints", elsewhere.path("mounted"));
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain(
      `its checkpoints are not in file://${elsewhere.path("mounted")}`,
    );
    expect(refused.stderr).toContain("say with --checkpoints where this machine sees it");
  },
);

test.skipIf(!server)(`a wrong password is one sentence${needs}`, async () => {
  using place = new Workplace({
    CLADE_STORE: `postgres://clade:wr0ng-one@127.0.0.1:${server!.port}/postgres`,
  });
  place.write("climb.mjs", climb({}));
  const refused = await place.ask("run", "climb.mjs");
  expect(refused).toMatchObject({ code: 1, stdout: "" });
  expect(refused.stderr.trim()).toBe(
    `store postgres://clade@127.0.0.1:${server!.port}/postgres: ` +
      "the password of clade is wrong; correct it in the URL, in PGPASSWORD or in ~/.pgpass",
  );
});
