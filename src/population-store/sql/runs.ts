import { list, type Row, raw, sql } from "../../database/sql.ts";
import { all, get } from "../../database/steps.ts";
import { afterResumption } from "../member-lifecycle.ts";
import {
  idTaken,
  type NewRun,
  type PopulationStore,
  type Run,
  runNotFound,
} from "../population-store.ts";
import { noteOf, runOf, runsOf, storedMemberOf } from "../rows.ts";
import type { Dialect } from "./dialect.ts";
import { changeRun, type RunKeys } from "./run-keys.ts";
import { endIfNobodyIsLeft, memberUpdate, newSnapshot, runColumns, setState } from "./steps.ts";

const tables = ["members", "snapshots", "decisions", "failures", "pins", "notes", "workers"];

type Runs = Pick<
  PopulationStore,
  "createRun" | "run" | "runs" | "damagedRuns" | "note" | "notes" | "removeRun" | "resume" | "stop"
>;

export function runs(dialect: Dialect, keys: RunKeys): Runs {
  const toRun = (row: Row): Run => {
    const { runningSince, ...run } = runOf(row);
    if (runningSince === undefined) return run;
    return { ...run, runningSince: dialect.local(runningSince, row.now as number) };
  };

  async function readRuns() {
    const [rows] = await dialect.read(
      sql`SELECT ${runColumns(dialect.clock())} FROM clade.runs r ORDER BY key`,
    );
    return runsOf(rows!, toRun);
  }

  async function run(id: Run["id"]): Promise<Run> {
    const [[row]] = (await dialect.read(
      sql`SELECT ${runColumns(dialect.clock())} FROM clade.runs r WHERE id = ${id}`,
    )) as [[Row?]];
    if (row) return toRun(row);
    throw runNotFound(id);
  }

  return {
    async createRun(newRun, roots) {
      const now = dialect.clock();
      await dialect.exclusively(undefined, function* () {
        const row = yield* get(
          sql`INSERT INTO clade.runs (${raw(Object.keys(runValues(newRun)).join(", "))},
              created_at, state, elapsed_ms)
            VALUES (${list(Object.values(runValues(newRun)))}, ${now}, 'running', 0)
            ON CONFLICT (id) DO NOTHING RETURNING key`,
        );
        if (!row) throw idTaken(newRun.id);
        const key = row.key as number;
        yield roots.flatMap((root) => [
          newSnapshot(key, root, null, now),
          sql`INSERT INTO clade.members (run, member, state, generation, steps, newest, undecided,
              failures, epoch, lease_until)
            VALUES (${key}, ${root.member}, 'active', 0, 0, 0, 0, 0, 0, 0)`,
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
      const values = list([await keys.of(id), JSON.stringify(note)]);
      await dialect.write(sql`INSERT INTO clade.notes (run, note) VALUES (${values})`);
    },
    async notes(id) {
      const [rows] = await dialect.read(
        sql`SELECT note FROM clade.notes WHERE run = ${await keys.of(id)} ORDER BY seq`,
      );
      return rows!.map((row) => noteOf(row, id));
    },
    async removeRun(id) {
      await changeRun(dialect, keys, id, function* (key) {
        yield [
          ...tables.map((table) => sql`DELETE FROM clade.${raw(table)} WHERE run = ${key}`),
          sql`DELETE FROM clade.runs WHERE key = ${key}`,
        ];
      });
      keys.forget(id);
    },
    async resume(id, replacement) {
      await changeRun(dialect, keys, id, function* (key) {
        const stepsPerMember =
          replacement && (replacement.experiment.budget.stepsPerMember ?? Infinity);
        const rows = yield* all(
          sql`SELECT * FROM clade.members WHERE run = ${key} ORDER BY member ${dialect.forUpdate}`,
        );
        yield rows.flatMap((row) => {
          const member = storedMemberOf(row);
          const next = afterResumption(member, stepsPerMember);
          return memberUpdate(key, row.member as number, member, next);
        });
        if (replacement) {
          const { experiment, synchronous, source } = experimentValues(replacement);
          yield [
            sql`UPDATE clade.runs SET experiment = ${experiment}, synchronous = ${synchronous},
              source = ${source} WHERE key = ${key}`,
          ];
        }
        yield* setState(dialect, key, { kind: "running" });
        yield* endIfNobodyIsLeft(dialect, key);
      });
    },
    async stop(id) {
      await changeRun(dialect, keys, id, function* (key) {
        const row = yield* get(sql`SELECT state FROM clade.runs WHERE key = ${key}`);
        if (row?.state === "running") yield* setState(dialect, key, { kind: "stopped" });
      });
    },
  };
}

function runValues(run: NewRun) {
  return {
    id: run.id,
    seed: run.seed,
    ...experimentValues(run),
    study: json(run.study),
    control_of: run.controlOf ?? null,
    checkpoints: run.checkpoints ?? null,
    code: json(run.code),
  };
}

function experimentValues({ experiment, source }: Pick<NewRun, "experiment" | "source">) {
  return {
    experiment: JSON.stringify(experiment),
    synchronous: Number(experiment.synchronous),
    source: json(source),
  };
}

function json(value: unknown): string | null {
  return value === undefined ? null : JSON.stringify(value);
}
