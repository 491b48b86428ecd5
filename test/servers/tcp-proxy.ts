/**
 * The network between a client and a server, which can be cut: with the connections refused, or in
 * silence.
 */
import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";

export interface TcpProxy extends AsyncDisposable {
  readonly port: number;
  /** All connections break, and new ones are refused. */
  refuse(): void;
  /** Connections stay and new ones are made, but nothing gets through. */
  silence(): void;
  /** What was held back in silence gets through; or, with `breaks`, its connections break. */
  mend(how?: { readonly breaks: boolean }): void;
}

export async function startTcpProxy(target: number, host = "127.0.0.1"): Promise<TcpProxy> {
  let state: "open" | "refusing" | "silent" = "open";
  const pairs = new Set<{ readonly client: Socket; readonly upstream: Socket }>();

  const server = createServer((client) => {
    client.on("error", () => {});
    if (state === "refusing") return void client.resetAndDestroy();
    const upstream = connect(target, "127.0.0.1");
    const pair = { client, upstream };
    pairs.add(pair);
    upstream.on("error", () => {});
    client.on("close", () => upstream.destroy());
    upstream.on("close", () => {
      pairs.delete(pair);
      client.destroy();
    });
    client.pipe(upstream);
    upstream.pipe(client);
    if (state === "silent") hold(pair);
  });

  function hold({
    client,
    upstream,
  }: {
    readonly client: Socket;
    readonly upstream: Socket;
  }): void {
    client.unpipe();
    upstream.unpipe();
    client.pause();
    upstream.pause();
  }

  function breakAll(): void {
    for (const { client, upstream } of pairs) {
      client.resetAndDestroy();
      upstream.destroy();
    }
  }

  server.listen(0, host);
  await once(server, "listening");
  return {
    port: (server.address() as { port: number }).port,
    refuse() {
      state = "refusing";
      breakAll();
    },
    silence() {
      state = "silent";
      for (const pair of pairs) hold(pair);
    },
    mend({ breaks } = { breaks: false }) {
      state = "open";
      if (breaks) return breakAll();
      for (const { client, upstream } of pairs) {
        client.pipe(upstream);
        upstream.pipe(client);
      }
    },
    async [Symbol.asyncDispose]() {
      breakAll();
      server.close();
    },
  };
}
