import { sql } from "../../database/sql.ts";
import { get, type Steps } from "../../database/steps.ts";
import { type Claim, leaseLost, type RunId, runNotFound } from "../population-store.ts";
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
    const [row] = await this.#dialect.read(sql`SELECT key FROM clade.runs WHERE id = ${id}`);
    if (row) this.#known.set(id, row.key as number);
    return row?.key as number | undefined;
  }

  /** Throws `RunNotFoundError`. */
  async of(id: RunId): Promise<number> {
    const key = await this.find(id);
    if (key !== undefined) return key;
    throw runNotFound(id);
  }

  /** Throws `LeaseLostError`. */
  async ofClaim(claim: Claim): Promise<number> {
    const key = await this.find(claim.run);
    if (key !== undefined) return key;
    throw leaseLost(claim, "the run was removed");
  }

  /** Changes an existing run. Throws `RunNotFoundError`. */
  async change(id: RunId, steps: (key: number) => Steps<void>): Promise<void> {
    const key = await this.of(id);
    await this.#dialect.exclusively(key, function* () {
      if (!(yield* get(sql`SELECT 1 FROM clade.runs WHERE key = ${key}`))) throw runNotFound(id);
      yield* steps(key);
    });
  }

  forget(id: RunId): void {
    this.#known.delete(id);
  }
}
