/** Connections to PostgreSQL that treat TLS and passwords as libpq does. */
import pg from "pg";
import type { Endpoint } from "./failures.ts";
import { passwordFromFile } from "./password-file.ts";
import { SettingError } from "./setting-error.ts";
import { type Tls, tlsOf, withoutTls } from "./tls.ts";

type Settings = Omit<pg.ClientConfig, "connectionString" | "ssl">;

export class Clients {
  readonly endpoint: Endpoint;
  readonly tls: Tls;
  readonly #url: string;
  /**
   * `channel_binding=require`, which managed databases put into their URLs. The password then
   * proves that the TLS connection ends at the server, with nothing in between.
   */
  readonly #bindsChannel: boolean;
  /** Whether connections now use TLS. With `allow` and `prefer` that may change. */
  withTls: boolean;

  /** Throws a `SettingError`. */
  constructor(url: string) {
    const parsed = new URL(url);
    this.#url = withoutTls(parsed);
    const { host, port, user, database } = new pg.Client({
      connectionString: this.#url,
      ssl: false,
      sslnegotiation: "postgres",
    });
    if (!user)
      throw new SettingError(
        "the URL names no user; write it as postgres://user@host/database, or give PGUSER",
      );
    this.endpoint = { host, port, user, database };
    this.#bindsChannel = parsed.searchParams.get("channel_binding") === "require";
    this.tls = tlsOf(parsed, host.startsWith("/"));
    if (this.#bindsChannel && !this.tls.options)
      throw new SettingError(
        "channel_binding=require: needs TLS; give sslmode=verify-full or require",
      );
    this.withTls = this.tls.begins;
  }

  /** A class for `pg.Pool`, which makes a client for each connection. */
  get Client(): new (
    settings?: Settings,
  ) => pg.Client {
    const make = (settings: Settings) => this.#settings(settings);
    const { endpoint } = this;
    return class extends pg.Client {
      constructor(settings: Settings = {}) {
        super(make(settings));
        // Read only if the server asks for a password.
        const own = this as { password?: string | (() => string) | null };
        own.password ||= () => passwordFromFile(endpoint);
      }
    };
  }

  #settings(settings: Settings): pg.ClientConfig {
    const { options, negotiation } = this.tls;
    const ssl = this.withTls && options;
    const sslnegotiation = ssl ? negotiation : "postgres";
    return {
      ...settings,
      connectionString: this.#url,
      ssl: ssl || false,
      sslnegotiation,
      enableChannelBinding: Boolean(ssl) && this.#bindsChannel,
    };
  }

  /**
   * Called after a connection that began with or without TLS (`withTls`) has failed. Returns
   * whether the other kind is worth a try, and if so switches to it.
   */
  changesOver(withTls: boolean): boolean {
    const { mode } = this.tls;
    if (mode !== "allow" && mode !== "prefer") return false;
    this.withTls = !withTls;
    return true;
  }
}
