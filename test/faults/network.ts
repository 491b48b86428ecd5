/** Separate hosts on this machine: network namespaces, each with a link to this one. */
import { execFileSync } from "node:child_process";

export interface Host extends Disposable {
  readonly namespace: string;
  /** Of this machine, as the host sees it. */
  readonly address: string;
  /** Takes the link down, without notice to either side. */
  down(): void;
  up(): void;
}

let hosts = 0;

/** Undefined if this user or this machine cannot have them. */
export function network(): { newHost(): Host } | undefined {
  try {
    newHost()[Symbol.dispose]();
    return { newHost };
  } catch {
    return undefined;
  }
}

function newHost(): Host {
  const number = hosts++;
  const namespace = `clade-${process.pid}-${number}`;
  const [outer, inner] = [`cl${process.pid}-${number}`, `ch${process.pid}-${number}`];
  const subnet = `10.${200 + (process.pid % 50)}.${Math.floor(process.pid / 50) % 250}`;
  const [address, own] = [`${subnet}.${4 * number + 1}`, `${subnet}.${4 * number + 2}`];
  const ip = (...words: readonly string[]) => void execFileSync("ip", words, { stdio: "pipe" });
  ip("netns", "add", namespace);
  try {
    ip("link", "add", outer, "type", "veth", "peer", "name", inner, "netns", namespace);
    ip("addr", "add", `${address}/30`, "dev", outer);
    ip("link", "set", outer, "up");
    for (const words of [
      ["addr", "add", `${own}/30`, "dev", inner],
      ["link", "set", inner, "up"],
      ["link", "set", "lo", "up"],
    ])
      ip("-n", namespace, ...words);
  } catch (error) {
    ip("netns", "del", namespace);
    throw error;
  }
  return {
    namespace,
    address,
    down: () => ip("link", "set", outer, "down"),
    up: () => ip("link", "set", outer, "up"),
    [Symbol.dispose]: () => ip("netns", "del", namespace),
  };
}
