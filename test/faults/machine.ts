/** A machine of a test: worker processes with a network, a cache and a clock of their own. */
import { type ChildProcess, fork } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import type { CheckpointId, SnapshotId } from "../../src/algorithm/snapshot.ts";
import type { WorkerId } from "../../src/population-store/population-store.ts";
import { startTcpProxy, type TcpProxy } from "../servers/tcp-proxy.ts";
import type { Host } from "./network.ts";
import type { Task, Told } from "./task.ts";

export interface Acknowledged {
  readonly id: SnapshotId;
  readonly checkpoint?: CheckpointId;
  readonly worker: WorkerId;
  readonly pid: number;
}

/** What the worker processes of a run have reported, and how they ended. */
export class Account {
  readonly published: Acknowledged[] = [];
  /** Ends of workers that no fault explains. */
  readonly complaints: string[] = [];
  fullDisks = 0;
  /** The maximum difference of a worker's clock from this one, in either direction. */
  readonly clockMs = { behind: 0, ahead: 0 };
}

export interface MachineOptions extends Omit<Task, "worker"> {
  readonly name: string;
  /** The database, as it is reached without a proxy. */
  readonly store: string;
  /** How far the clock is off. */
  readonly clockMs?: number;
  /** A separate host, from which it reaches the database. */
  readonly host?: Host;
  readonly environment?: { readonly [name: string]: string };
  readonly account: Account;
}

const script = new URL("./fault-worker.ts", import.meta.url).pathname;
const shiftClock = new URL("./shift-clock.ts", import.meta.url).href;

export class Machine {
  readonly name: string;
  readonly cache: string;
  readonly processes = new Set<ChildProcess>();
  /** A fault that takes a while is in progress. */
  isBusy = false;
  readonly #atWork = new Set<ChildProcess>();
  #born = 0;
  readonly #options: MachineOptions;
  readonly #network: TcpProxy;

  private constructor(options: MachineOptions, network: TcpProxy) {
    this.#options = options;
    this.#network = network;
    this.name = options.name;
    this.cache = options.cache;
  }

  static async start(options: MachineOptions): Promise<Machine> {
    return new Machine(
      options,
      await startTcpProxy(Number(new URL(options.store).port), options.host?.address),
    );
  }

  /** Its workers that have started on a member. */
  get atWork(): readonly ChildProcess[] {
    return [...this.#atWork];
  }

  /** What is between its workers and the database. */
  get network(): TcpProxy {
    return this.#network;
  }

  /**
   * Starts a worker with a unique name. A copy elsewhere has another network and another cache.
   */
  start({ elsewhere }: { readonly elsewhere?: { readonly cache: string } } = {}): ChildProcess {
    const { name, store, account, environment, host, clockMs = 0, ...task } = this.#options;
    const url = new URL(store);
    if (!elsewhere) url.port = String(this.#network.port);
    if (host) url.hostname = host.address;
    const worker = `${name}:${this.#born++}:worker` as WorkerId;
    const told: Task = { ...task, worker, ...elsewhere };
    const clock = clockOff(clockMs);
    const child = fork(script, [], {
      env: {
        ...process.env,
        ...environment,
        ...clock.environment,
        CLADE_STORE: url.href,
        FAULT_WORKER: JSON.stringify(told),
      },
      ...(host && { execPath: "ip" }),
      execArgv: [
        ...(host ? ["netns", "exec", host.namespace, process.execPath] : []),
        ...clock.nodeOptions,
      ],
      stdio: ["ignore", "inherit", "pipe", "ipc"],
    });
    let said = "";
    child.stderr!.on("data", (data) => {
      said = (said + data).slice(-10_000);
    });
    child.on("message", (message: Told) => {
      if (message.kind === "published")
        for (const snapshot of message.snapshots)
          account.published.push({ ...snapshot, worker, pid: child.pid! });
      if (message.kind === "claimed") this.#atWork.add(child);
      if (message.kind === "working") {
        const offMs = message.at - Date.now();
        account.clockMs.ahead = Math.max(account.clockMs.ahead, offMs);
        account.clockMs.behind = Math.max(account.clockMs.behind, -offMs);
      }
    });
    this.processes.add(child);
    child.once("exit", (code, signal) => {
      this.processes.delete(child);
      this.#atWork.delete(child);
      if (signal !== null || code === 0) return;
      if (/disk is full/.test(said)) account.fullDisks++;
      else account.complaints.push(`${name} ended with ${code ?? signal}: ${said}`);
    });
    return child;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const child of this.processes) child.kill("SIGKILL");
    await this.#network[Symbol.asyncDispose]();
  }
}

/** The processes that a process has started. */
export function childrenOf(pid: number): number[] {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8")
      .trim()
      .split(" ")
      .filter(Boolean)
      .map(Number);
  } catch {
    return [];
  }
}

/**
 * With `faketime` if it is installed, otherwise only for the clock that the process itself reads.
 */
function clockOff(clockMs: number): {
  readonly environment: { readonly [name: string]: string };
  readonly nodeOptions: readonly string[];
} {
  if (clockMs === 0) return { environment: {}, nodeOptions: [] };
  const library = fakeTime();
  if (!library)
    return {
      environment: { CLADE_TEST_CLOCK_MS: String(clockMs) },
      nodeOptions: ["--import", shiftClock],
    };
  const seconds = Math.round(clockMs / 1000);
  return {
    environment: {
      LD_PRELOAD: library,
      FAKETIME: `${seconds < 0 ? "" : "+"}${seconds}s`,
      FAKETIME_DONT_FAKE_MONOTONIC: "1",
      DONT_FAKE_MONOTONIC: "1",
    },
    nodeOptions: [],
  };
}

function fakeTime(): string | undefined {
  for (const folder of foldersOf("/usr/lib")) {
    const place = `/usr/lib/${folder}/faketime`;
    if (foldersOf(place).includes("libfaketime.so.1")) return `${place}/libfaketime.so.1`;
  }
  return undefined;
}

function foldersOf(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}
