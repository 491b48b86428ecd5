import { sql } from "../../database/sql.ts";
import { get, type Steps } from "../../database/steps.ts";
import { type RunId, runNotFound } from "../population-store.ts";
import type { Dialect } from "./dialect.ts";

/** The keys of runs in a database. The key of a removed run is never used again. */
export class RunKeys {
  readonly #dialect: Dialect;
  readonly #known = new Map<RunId, number>();

  constructor(dialect: Dialect) {
    this.#dialect = dialect;
  }

  async find(id: RunId): Promise<number | undefined> {
    const known = this.#known.get(id);
    if (known !== undefined) return known;
    const [rows] = await this.#dialect.read(sql`SELECT key FROM clade.runs WHERE id = ${id}`);
    const key = rows![0]?.key as number | undefined;
    if (key !== undefined) this.#known.set(id, key);
    return key;
  }

  /** Throws `RunNotFoundError`. */
  async of(id: RunId): Promise<number> {
    const key = await this.find(id);
    if (key !== undefined) return key;
    throw runNotFound(id);
  }

  forget(id: RunId): void {
    this.#known.delete(id);
  }
}

/** Changes an existing run. Throws `RunNotFoundError`. */
export async function changeRun(
  dialect: Dialect,
  keys: RunKeys,
  id: RunId,
  steps: (key: number) => Steps<void>,
): Promise<void> {
  const key = await keys.of(id);
  await dialect.exclusively(key, function* () {
    if (!(yield* get(sql`SELECT 1 FROM clade.runs WHERE key = ${key}`))) throw runNotFound(id);
    yield* steps(key);
  });
}
