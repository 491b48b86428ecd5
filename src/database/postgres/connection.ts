/**
 * Connections to a PostgreSQL server that may be restarted, cut off or frozen while workers
 * continue. What fails for such a reason is retried for a while. A connection keeps no state
 * between transactions (no prepared statements, no session settings), so a pooler may be used.
 */
import { EventEmitter, once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { CladeError } from "../../algorithm/clade-error.ts";
import { type Row, type Sql, sql, together } from "../sql.ts";
import { Clients } from "./client.ts";
import { dependsOnTls, explained, mayPass } from "./failures.ts";
import { postgresUrl, shownUrl } from "./postgres-url.ts";
import { SettingError } from "./setting-error.ts";
import { textOf } from "./text-of.ts";

/** How long a server that was reached before may be unavailable, in milliseconds. */
const patienceMs = 10 * 60_000;
const firstPauseMs = 50;
/**
 * Connecting costs a server more than anything else. A thousand workers that have lost it must not
 * keep it busy with connections that they gave up before it answered.
 */
const maxPauseMs = 20_000;

const connectMs = 30_000;
/** A connection without an answer for this long is given up: a cut network sends no error. */
const answerMs = 60_000;
/** How long closing waits. A silent server need not hear that a connection ends. */
const goodbyeMs = 2_000;
/** A worker that is frozen or cut off in a transaction blocks the others no longer than this. */
const idleInTransaction = sql`SET LOCAL idle_in_transaction_session_timeout = '10s'`;

/**
 * Connections of one process: one for the claim, one for the renewal of its lease, others for
 * reads. Idle connections are closed, but not between two renewals.
 */
const maxConnections = 4;
const idleMs = 30_000;

const oids = { bigint: 20, float: 701 };
const types = {
  getTypeParser: (oid: number) =>
    oid === oids.bigint || oid === oids.float ? Number : pg.types.getTypeParser(oid, "text"),
};

export interface PostgresOptions {
  /**
   * If this is given and the server cannot be reached at the start, the store reports why to it
   * and waits, as it does later on. Otherwise it is an error.
   */
  readonly tellWaiting?: ((sentence: string) => void) | undefined;
}

export type Query = (statements: Sql) => Promise<readonly Row[][]>;

export class Connection {
  /** The URL without its password, and without what it says about TLS. */
  readonly shown: string;
  readonly #clients: Clients;
  readonly #pool: pg.Pool;
  /** Has one connection, for statements that must not wait behind those that wait for a lock. */
  readonly #beside: pg.Pool;
  readonly #tellWaiting: PostgresOptions["tellWaiting"];
  #wasReached = false;
  /** Counts the changes that this process has heard of. */
  changes = 0;
  readonly #events = new EventEmitter().setMaxListeners(0);
  #listening: Promise<pg.Client> | undefined;
  #isClosed = false;

  constructor(url: string, { tellWaiting }: PostgresOptions = {}) {
    this.#tellWaiting = tellWaiting;
    this.shown = shownUrl(postgresUrl(url));
    this.#clients = clientsOf(url, this.shown);
    this.#pool = newPool(this.#clients, maxConnections);
    this.#beside = newPool(this.#clients, 1);
  }

  /** Sends statements together, as one transaction. Resolves the rows of each. */
  query(statements: Sql): Promise<readonly Row[][]> {
    return this.patiently((query) => query(statements));
  }

  /**
   * Sends statements that wait for no lock, from within a transaction that holds one. Does not
   * retry.
   */
  async queryBeside(statements: Sql): Promise<void> {
    await this.#beside.query(textOf(statements));
  }

  /**
   * Runs a transaction whose statements are sent one message at a time. `work` gets the function
   * that sends them, and returns after the last, a COMMIT. If the connection is lost, all of it is
   * repeated, so `work` has to find out whether it was already committed.
   */
  transaction<T>(
    first: Sql | undefined,
    work: (found: readonly Row[][], query: Query) => Promise<T>,
  ): Promise<T> {
    return this.patiently(async () => {
      const client = await this.#pool.connect();
      let broken: Error | undefined;
      const query: Query = async (statements) => rowsOf(await client.query(textOf(statements)));
      try {
        const found = await query(together(sql`BEGIN`, idleInTransaction, first));
        return await work(found.slice(2), query);
      } catch (error) {
        if (mayPass(error)) broken = error as Error;
        else
          await query(sql`ROLLBACK`).catch((failed: Error) => {
            broken = failed;
          });
        throw error;
      } finally {
        client.release(broken);
      }
    });
  }

  /**
   * Resolves when something has changed since the count was `seen`, after the time, or when the
   * signal aborts.
   */
  async wait(seen: number, timeoutMs: number, signal?: AbortSignal): Promise<void> {
    if (this.changes !== seen || signal?.aborted) return;
    const wasListening = this.#listening !== undefined;
    const over = new AbortController();
    const end = () => over.abort();
    // Unlike the timer of AbortSignal.timeout, this one keeps the process alive, even while the
    // server is down and no connection does.
    const timer = setTimeout(end, timeoutMs);
    signal?.addEventListener("abort", end);
    try {
      // A silent server does not make callers wait longer.
      const isOver = once(over.signal, "abort").then(() => false);
      const listens = await Promise.race([
        isOver,
        this.#listen().then(
          () => true,
          () => false,
        ),
      ]);
      // Changes before it listened were not heard.
      if ((!wasListening && listens) || this.changes !== seen) return;
      await once(this.#events, "change", { signal: over.signal }).catch(() => {});
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener("abort", end);
      end();
    }
  }

  noteChange(): void {
    this.changes++;
    this.#events.emit("change");
  }

  #listen(): Promise<pg.Client> {
    this.#listening ??= (async () => {
      const client = new this.#clients.Client({
        connectionTimeoutMillis: connectMs,
        keepAlive: true,
      });
      const gone = () => {
        this.#listening = undefined;
      };
      client.on("error", gone);
      client.on("end", gone);
      client.on("notification", () => this.noteChange());
      try {
        await client.connect();
        await client.query("LISTEN clade");
        if (this.#isClosed) await client.end();
        return client;
      } catch (error) {
        gone();
        throw error;
      }
    })();
    return this.#listening;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    const goodbyes = [
      this.#listening?.then((client) => client.end()).catch(() => {}),
      this.#pool.end(),
      this.#beside.end(),
    ];
    await Promise.race([Promise.all(goodbyes), sleep(goodbyeMs, undefined, { ref: false })]);
  }

  /**
   * Repeats work whose connection was lost. The work may have been committed nevertheless, and has
   * to find that out.
   */
  async patiently<T>(work: (query: Query) => Promise<T>): Promise<T> {
    const query: Query = async (statements) => rowsOf(await this.#pool.query(textOf(statements)));
    const end = performance.now() + patienceMs;
    let hasChangedOver = false;
    for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(2 * pauseMs, maxPauseMs)) {
      const { withTls } = this.#clients;
      try {
        const result = await work(query);
        this.#wasReached = true;
        return result;
      } catch (error) {
        if (!hasChangedOver && dependsOnTls(error) && this.#clients.changesOver(withTls)) {
          hasChangedOver = true;
          continue;
        }
        const isPatient = this.#wasReached || this.#tellWaiting;
        if (!isPatient || !mayPass(error) || this.#isClosed || performance.now() > end)
          throw this.#explained(error);
        if (!this.#wasReached && pauseMs === firstPauseMs)
          this.#tellWaiting?.(
            `${(this.#explained(error) as Error).message}. Trying again for ` +
              `${patienceMs / 60_000} minutes`,
          );
        await sleep(pauseMs * (0.5 + Math.random()));
      }
    }
  }

  #explained(error: unknown): unknown {
    const { shown } = this;
    const { endpoint, tls } = this.#clients;
    return explained(error, { shown, endpoint, tls, wasReached: this.#wasReached });
  }
}

function clientsOf(url: string, shown: string): Clients {
  try {
    return new Clients(url);
  } catch (error) {
    if (error instanceof SettingError) throw new CladeError(`store ${shown}: ${error.message}`);
    throw error;
  }
}

function newPool({ Client }: Clients, max: number): pg.Pool {
  const pool = new pg.Pool({
    Client,
    types,
    max,
    idleTimeoutMillis: idleMs,
    connectionTimeoutMillis: connectMs,
    query_timeout: answerMs,
    keepAlive: true,
    allowExitOnIdle: true,
    fallback_application_name: "clade",
  });
  // A connection that breaks between two queries is replaced when it is needed, and its
  // transaction is repeated.
  pool.on("error", () => {});
  pool.on("connect", (client) => client.on("error", () => {}));
  return pool;
}

function rowsOf(result: pg.QueryResult | pg.QueryResult[]): Row[][] {
  return [result].flat().map(({ rows }) => rows as Row[]);
}
