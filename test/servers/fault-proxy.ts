/**
 * A proxy in front of an S3 server that treats requests and answers as networks and overloaded
 * servers do.
 */
import { once } from "node:events";
import {
  Agent,
  createServer,
  type IncomingMessage,
  type ServerResponse,
  request as send,
} from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { written } from "./written.ts";

export type Fault =
  /** The request does not reach the server. */
  | { readonly kind: "refuse"; readonly status: number; readonly code?: string }
  /** Half of the request goes through, then the connection breaks. */
  | { readonly kind: "break request" }
  /** The request gets through, and half of the answer comes back. */
  | { readonly kind: "break answer" }
  /** The request gets through, and no answer comes back. */
  | { readonly kind: "lose answer" }
  /** The connection stays open, and nothing comes. */
  | { readonly kind: "silence" }
  | { readonly kind: "flip byte of request" }
  | { readonly kind: "flip byte of answer" }
  | { readonly kind: "delay"; readonly ms: number };

export interface ProxiedRequest {
  readonly method: string;
  /** With bucket, key and query. */
  readonly url: string;
  /** The number of earlier requests. */
  readonly index: number;
}

export interface FaultProxy extends AsyncDisposable {
  readonly port: number;
  /** What happens to the next requests. */
  faults: (request: ProxiedRequest) => Fault | undefined;
  readonly requests: string[];
  /** The bytes of received and of sent bodies. */
  readonly bytes: { up: number; down: number };
}

export async function startFaultProxy(target: number): Promise<FaultProxy> {
  const agent = new Agent({ keepAlive: true });

  async function serve(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = "", url = "", headers } = incoming;
    const index = proxy.requests.push(`${method} ${url}`) - 1;
    const fault = proxy.faults({ method, url, index });
    const breakOff = () => void incoming.socket.resetAndDestroy();
    if (fault?.kind === "silence") return void incoming.resume();
    if (fault?.kind === "delay") await sleep(fault.ms);
    if (fault?.kind === "refuse") {
      for await (const chunk of incoming) proxy.bytes.up += chunk.length;
      const code = fault.code ?? "InternalError";
      const isXml = fault.code !== undefined;
      response.writeHead(fault.status, {
        "content-type": isXml ? "application/xml" : "text/html",
      });
      response.end(
        isXml
          ? `<Error><Code>${code}</Code><Message>No.</Message></Error>`
          : "<html>Bad gateway<br></html>",
      );
      return;
    }
    const onward = send({ host: "127.0.0.1", port: target, agent, method, path: url, headers });
    const answered = once(onward, "response") as Promise<[IncomingMessage]>;
    answered.catch(() => {});
    const half = Number(headers["content-length"] ?? 0) / 2;
    let sent = 0;
    for await (const chunk of incoming as AsyncIterable<Buffer>) {
      proxy.bytes.up += chunk.length;
      const isMiddle = sent <= half && sent + chunk.length > half;
      if (isMiddle && fault?.kind === "flip byte of request") chunk[0]! ^= 1;
      if (isMiddle && fault?.kind === "break request") {
        onward.destroy();
        return breakOff();
      }
      sent += chunk.length;
      if (!onward.write(chunk)) await once(onward, "drain");
    }
    if (fault?.kind === "break request") {
      onward.destroy();
      return breakOff();
    }
    onward.end();
    const [answer] = await answered;
    if (fault?.kind === "lose answer") {
      answer.resume();
      await once(answer, "end");
      return breakOff();
    }
    response.writeHead(answer.statusCode!, answer.headers);
    response.flushHeaders();
    const size = Number(answer.headers["content-length"] ?? 0);
    let received = 0;
    for await (const chunk of answer as AsyncIterable<Buffer>) {
      const isMiddle = received <= size / 2 && received + chunk.length > size / 2;
      if (isMiddle && fault?.kind === "flip byte of answer") chunk[0]! ^= 1;
      if (isMiddle && fault?.kind === "break answer") {
        // Earlier data arrives.
        return void incoming.socket.end();
      }
      received += chunk.length;
      proxy.bytes.down += chunk.length;
      await written(response, chunk);
    }
    if (fault?.kind === "break answer") return breakOff();
    response.end();
  }

  const server = createServer((incoming, response) => {
    serve(incoming, response).catch(() => incoming.socket.destroy());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const proxy: FaultProxy = {
    port: (server.address() as AddressInfo).port,
    faults: () => undefined,
    requests: [],
    bytes: { up: 0, down: 0 },
    async [Symbol.asyncDispose]() {
      agent.destroy();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return proxy;
}

/**
 * Each request fails with this probability, in one of the temporary ways. Repeatable from a seed,
 * as long as the requests come in the same order.
 */
export function randomFaults(
  probability: number,
  seed: number,
): (request: ProxiedRequest) => Fault | undefined {
  let state = seed;
  const random = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
  const faults: Fault[] = [
    { kind: "refuse", status: 500, code: "InternalError" },
    { kind: "refuse", status: 503, code: "SlowDown" },
    { kind: "refuse", status: 502 },
    { kind: "break request" },
    { kind: "break answer" },
    { kind: "lose answer" },
    { kind: "delay", ms: 30 },
  ];
  return () => (random() < probability ? faults[Math.floor(random() * faults.length)] : undefined);
}
