/**
 * One process that speaks the protocol. It takes one request at a time; each ends with an answer,
 * or with the process's failure.
 */
import { existsSync } from "node:fs";
import { constants } from "node:os";
import { performance } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";
import { show } from "../../algorithm/show.ts";
import { maxMetrics } from "../../experiment/bounds.ts";
import { TrainerError, type TrainerErrorKind } from "../trainer-session.ts";
import type { MemberLog } from "./member-log.ts";
import { residentMegabytes } from "./memory-of-group.ts";
import {
  type Method,
  maxLineBytes,
  messageOf,
  notifications,
  parsed,
  type ResultOf,
  results,
} from "./messages.ts";
import { type Ending, SupervisedProcess } from "./supervised-process.ts";

export interface TrainerProcessOptions {
  readonly command: string;
  readonly directory: string;
  readonly environment: { readonly [name: string]: string | undefined };
  readonly stepTimeoutSeconds: number;
  readonly memoryLimitMegabytes: number | undefined;
  /** The log of the member whose turn it is. */
  readonly log: () => MemberLog;
  /** How errors begin: whose turn it is, and the command. */
  readonly who: () => string;
  /** Ends the request in progress with what it throws. */
  readonly check: () => void;
}

interface Call {
  readonly id: number;
  readonly method: Method;
  answer(result: unknown): void;
  fail(error: Error): void;
  /** Restarts the timeout. */
  heard(): void;
}

/** How long it may take to end on request. */
const shutdownMs = 5_000;
const memoryWatchMs = 500;
const checkMs = 100;
const shownLine = 200;

export class TrainerProcess {
  /** Metrics reported since they were last taken. */
  metrics: { [name: string]: number } = {};
  readonly #options: TrainerProcessOptions;
  readonly #process: SupervisedProcess;
  #call: Call | undefined;
  #lastId = 0;
  /** Why this process cannot be used any more. */
  #broken: Error | undefined;

  constructor(options: TrainerProcessOptions) {
    this.#options = options;
    this.#process = new SupervisedProcess(options);
    this.#read();
    this.#process.stderr
      .setEncoding("utf8")
      .on("data", (text: string) => options.log().append(text));
    if (options.memoryLimitMegabytes !== undefined)
      void this.#watchMemory(options.memoryLimitMegabytes);
    void this.#process.ended.then((ending) => this.#break(() => this.#endedError(ending)));
  }

  get pid(): number | undefined {
    return this.#process.pid;
  }

  get isUsable(): boolean {
    return this.#broken === undefined;
  }

  /**
   * Resolves the result. Rejects with `TrainerError`, or with what `check` throws; the process
   * cannot be used after that.
   */
  async request<M extends Method>(
    method: M,
    params: object,
    timeoutSeconds = this.#options.stepTimeoutSeconds,
  ): Promise<ResultOf<M>> {
    if (this.#broken) throw this.#broken;
    const limitMs = 1000 * timeoutSeconds;
    let heardAt = performance.now();
    let timer: NodeJS.Timeout | undefined;
    try {
      const result = await new Promise<unknown>((resolve, reject) => {
        const id = ++this.#lastId;
        this.#call = {
          id,
          method,
          answer: resolve,
          fail: reject,
          heard: () => {
            heardAt = performance.now();
          },
        };
        timer = setInterval(() => {
          if (performance.now() - heardAt > limitMs) {
            const rule = `said nothing for ${limitMs / 1000} s`;
            reject(
              this.#error(
                `${rule} during ${method}`,
                timeoutRemedies[method] ?? stepTimeoutRemedy,
              ),
            );
          }
          try {
            if (method !== "shutdown") this.#options.check();
          } catch (error) {
            reject(error);
          }
        }, checkMs);
        this.#process.stdin.write(`${JSON.stringify({ jsonrpc: "2.0", id, method, params })}\n`);
      });
      const checked = parsed(results[method], result);
      if (typeof checked === "string") throw this.#mistake(`answered ${method} with ${checked}`);
      return checked as ResultOf<M>;
    } catch (error) {
      this.#break(() => error as Error);
      // The directory must stay while the trainer still writes into it.
      await this.#process.ended;
      throw error;
    } finally {
      clearInterval(timer);
      this.#call = undefined;
    }
  }

  /**
   * Ends the process: a request to shut down, the end of input, SIGTERM, SIGKILL, each a while
   * after the one before.
   */
  async stop(): Promise<void> {
    if (this.#call) this.#break(() => this.#error("was stopped"));
    if (!this.#broken) {
      // An error here is an end as well.
      const shutdown = this.request("shutdown", {}).catch(() => {});
      await this.#within(shutdownMs, shutdown);
      this.#process.stdin.end();
      await this.#within(shutdownMs, this.#process.ended);
    }
    await this.#process.terminate();
  }

  async #within(milliseconds: number, work: Promise<unknown>): Promise<void> {
    const waiting = new AbortController();
    await Promise.race([work, sleep(milliseconds, undefined, waiting).catch(() => {})]);
    waiting.abort();
  }

  #read(): void {
    let begun = "";
    this.#process.stdout.setEncoding("utf8").on("data", (text: string) => {
      if (this.#broken) return;
      const [end, ...lines] = text.split("\n").reverse() as [string, ...string[]];
      for (const line of lines.reverse()) {
        this.#hear(begun + line);
        begun = "";
      }
      begun += end;
      if (begun.length > maxLineBytes)
        this.#break(() =>
          this.#mistake(
            `printed a line of more than 16 MiB on standard output: ${shortened(begun)}`,
          ),
        );
    });
  }

  #hear(line: string): void {
    if (this.#broken) return;
    const message = messageOf(line);
    if (typeof message === "string") {
      this.#break(() =>
        this.#mistake(`printed a line that ${message}: ${shortened(line)}`, passOn),
      );
      return;
    }
    const call = this.#call;
    call?.heard();
    if (message.kind === "notification") {
      this.#notified(message.method, message.params);
    } else if (call && message.kind === "error" && message.id === null) {
      // JSON-RPC answers so when a request could not be read.
      call.fail(this.#mistake(`could not read the request ${call.method}: ${message.message}`));
    } else if (message.id !== call?.id) {
      const asked = call
        ? `request ${call.id} (${call.method}) is waiting`
        : "no request is waiting";
      const rule = `answered request ${show(message.id)}, but ${asked}`;
      this.#break(() => this.#mistake(rule, "answer each request once"));
    } else if (message.kind === "error") {
      const detail = message.traceback ?? this.#options.log().last;
      call.fail(
        new TrainerError(
          `${this.#options.who()} failed in ${call.method}: ${message.message}`,
          detail,
        ),
      );
    } else {
      this.#call = undefined;
      call.answer(message.result);
    }
  }

  #notified(method: string, params: unknown): void {
    if (method in results) {
      this.#break(() =>
        this.#mistake(`sent the request ${method}, which is not for Clade`, "answer requests"),
      );
      return;
    }
    // A newer client may send notifications that are unknown here.
    if (!(method in notifications)) return;
    const checked = parsed(notifications[method as keyof typeof notifications], params);
    if (typeof checked === "string") {
      this.#break(() => this.#mistake(`sent the notification ${method} with ${checked}`));
    } else if (method === "metrics") {
      Object.assign(this.metrics, checked);
      if (Object.keys(this.metrics).length > maxMetrics)
        this.#break(() =>
          this.#mistake(`sent more than ${maxMetrics} metrics`, "send a few, as often as needed"),
        );
    } else if (method === "log") {
      this.#options.log().append(`${(checked as { text: string }).text}\n`);
    }
  }

  async #watchMemory(limit: number): Promise<void> {
    const { pid } = this.#process;
    while (!this.#broken && pid !== undefined) {
      const used = await residentMegabytes(pid);
      if (used > limit) {
        const memory = `${Math.ceil(used)} MiB of memory`;
        const rule = `used ${memory}, more than memoryLimitMegabytes: ${limit}`;
        this.#break(() => this.#error(rule, "reduce its memory use, or raise the limit"));
      }
      await sleep(memoryWatchMs, undefined, { ref: false });
    }
  }

  /** The first reason counts. The call in progress fails with it, or else the next one. */
  #break(reason: () => Error): void {
    if (this.#broken) return;
    this.#broken = reason();
    this.#call?.fail(this.#broken);
    void this.#process.terminate();
  }

  /** The trainer broke a rule of the protocol. */
  #mistake(rule: string, remedy?: string): TrainerError {
    return this.#error(rule, remedy, "contract");
  }

  #error(rule: string, remedy?: string, kind: TrainerErrorKind = "trainer"): TrainerError {
    const { path, last } = this.#options.log();
    const message = `${this.#options.who()} ${rule}${remedy === undefined ? "" : `; ${remedy}`}`;
    const where = path === undefined ? "" : ` (${path})`;
    const printed =
      last === "" ? "It printed nothing on standard error" : `Its last lines${where}:\n${last}`;
    return new TrainerError(message, printed, { kind });
  }

  #endedError({ code, signal, error }: Ending): TrainerError {
    const during = this.#call ? ` during ${this.#call.method}` : "";
    if (error) {
      const { directory } = this.#options;
      const isThere = existsSync(directory);
      const why = isThere
        ? `(${error.message})`
        : "which is not a directory; correct trainer.directory";
      return this.#error(`could not be started in ${directory}${isThere ? " " : ", "}${why}`);
    }
    if (code === 127)
      return this.#error(`was not found (exit code 127)`, "correct the command, or PATH");
    // A shell that waited for the command gives its signal as 128 and the number.
    const [bySignal] = Object.entries(constants.signals).find(
      ([, number]) => number + 128 === code,
    ) ?? [signal];
    if (bySignal !== null && bySignal in fromOutside) {
      const rule = `was killed by ${bySignal} from outside${during}, ${fromOutside[bySignal]}`;
      return this.#error(rule, "neither Clade nor its own code ended it", "outside");
    }
    const how = bySignal ? `was ended by ${bySignal}` : `ended with exit code ${code}`;
    const { last } = this.#options.log();
    const missing = /No module named '?clade\b/.test(last) ? missingClient : undefined;
    return this.#error(`${how}${during}`, missing);
  }
}

/** Signals from outside. Clade sends its own only after it has recorded the reason. */
const fromOutside: { readonly [signal: string]: string } = {
  SIGKILL: "as the out-of-memory killer does",
  SIGTERM: "as schedulers and people do",
  SIGHUP: "as the end of a session does",
  SIGINT: "as Ctrl-C does",
};
const stepTimeoutRemedy = "report progress more often, or raise stepTimeoutSeconds";
const timeoutRemedies: { readonly [method: string]: string } = {
  initialize:
    "see whether it speaks the protocol and gets its standard input, or raise startTimeoutSeconds",
};
const passOn =
  "in Python, import clade before anything that prints; when the command runs in a container " +
  "or on another machine, pass CLADE_PROTOCOL on to it, so that it knows that Clade drives it";
const missingClient =
  "install the Python client where the command runs: " +
  `pip install ${new URL("../../../python", import.meta.url).pathname}`;

function shortened(line: string): string {
  return JSON.stringify(line.length > shownLine ? `${line.slice(0, shownLine)}...` : line);
}
