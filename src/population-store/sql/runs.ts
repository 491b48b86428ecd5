import { type Row, raw, sql } from "../../database/sql.ts";
import { all, get } from "../../database/steps.ts";
import { afterResumption, newMember } from "../member-lifecycle.ts";
import { idTaken, type PopulationStore, type Run, runNotFound } from "../population-store.ts";
import * as rows from "../rows.ts";
import type { Dialect } from "./dialect.ts";
import type { RunKeys } from "./run-keys.ts";
import { endIfNobodyIsLeft, memberUpdate, selectMembers, selectRuns, setState } from "./steps.ts";

const tables = ["members", "snapshots", "decisions", "failures", "pins", "notes", "workers"];

export function runs(dialect: Dialect, keys: RunKeys) {
  const toRun = (row: Row): Run => {
    const { runningSince, ...run } = rows.runOf(row);
    if (runningSince === undefined) return run;
    return { ...run, runningSince: dialect.local(runningSince, row.now as number) };
  };

  async function readRuns() {
    return rows.runsOf(await dialect.read(selectRuns(dialect, sql`ORDER BY key`)), toRun);
  }

  async function run(id: Run["id"]): Promise<Run> {
    const [row] = await dialect.read(selectRuns(dialect, sql`WHERE id = ${id}`));
    if (row) return toRun(row);
    throw runNotFound(id);
  }

  return {
    async createRun(newRun, roots) {
      const now = dialect.clock();
      const facts = {
        synchronous: Number(newRun.experiment.synchronous),
        created_at: now,
        state: "running",
        elapsed_ms: 0,
      };
      await dialect.exclusively(undefined, function* () {
        const row = yield* get(
          sql`${rows.runs.insert(newRun, facts)} ON CONFLICT (id) DO NOTHING RETURNING key`,
        );
        if (!row) throw idTaken(newRun.id);
        const run = row.key as number;
        yield roots.flatMap((root) => [
          rows.insertSnapshot(root, { run, published_at: now }),
          rows.members.insert(newMember, { run, member: root.member }),
        ]);
      });
      return await run(newRun.id);
    },
    run,
    async runs() {
      return (await readRuns()).readable;
    },
    async damagedRuns() {
      return (await readRuns()).damaged;
    },
    async note(id, note) {
      await dialect.write(rows.notes.insert({ note }, { run: await keys.of(id) }));
    },
    async notes(id) {
      const found = await dialect.read(
        sql`SELECT note FROM clade.notes WHERE run = ${await keys.of(id)} ORDER BY seq`,
      );
      return found.map((row) => rows.notes.read({ ...row, id }).note);
    },
    async removeRun(id) {
      await keys.change(id, function* (key) {
        yield [
          ...tables.map((table) => sql`DELETE FROM clade.${raw(table)} WHERE run = ${key}`),
          sql`DELETE FROM clade.runs WHERE key = ${key}`,
        ];
      });
      keys.forget(id);
    },
    async resume(id, replacement) {
      await keys.change(id, function* (key) {
        const stepsPerMember =
          replacement && (replacement.experiment.budget.stepsPerMember ?? Infinity);
        const found = yield* all(selectMembers(dialect, key, sql``));
        yield found.flatMap((row) => {
          const member = rows.members.read(row);
          const next = afterResumption(member, stepsPerMember);
          return memberUpdate(key, row.member as number, member, next);
        });
        if (replacement) {
          const { experiment, source } = replacement;
          yield [
            sql`UPDATE clade.runs SET experiment = ${JSON.stringify(experiment)},
              synchronous = ${Number(experiment.synchronous)},
              source = ${source ? JSON.stringify(source) : null} WHERE key = ${key}`,
          ];
        }
        yield* setState(dialect, key, { kind: "running" });
        yield* endIfNobodyIsLeft(dialect, key);
      });
    },
    async stop(id) {
      await keys.change(id, function* (key) {
        const row = yield* get(sql`SELECT state FROM clade.runs WHERE key = ${key}`);
        if (row?.state === "running") yield* setState(dialect, key, { kind: "stopped" });
      });
    },
  } satisfies Partial<PopulationStore>;
}
