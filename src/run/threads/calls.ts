/**
 * Calls between a program and its threads, over messages. Either side answers the calls of the
 * other. Messages are handled in the order in which they were sent.
 */
import { CladeError } from "../../algorithm/clade-error.ts";
import { BadInputError } from "../../algorithm/problem.ts";
import { CheckpointError } from "../../checkpoint-store/checkpoint-store.ts";
import { LateWriteError } from "../../checkpoint-store/late-write.ts";
import {
  DamagedRowError,
  LeaseLostError,
  RunExistsError,
  RunNotFoundError,
  SnapshotNotFoundError,
  StoreVersionError,
} from "../../population-store/population-store.ts";
import { TrainerError } from "../../trainer/trainer-session.ts";

/** One end of a channel that clones what it sends. */
export interface Port {
  post(message: unknown): void;
  listen(receive: (message: unknown) => void): void;
}

/** Answers calls by name. The signal aborts when the caller no longer waits. */
export type Answers = {
  readonly [name: string]: (args: never, signal: AbortSignal) => unknown;
};

type Message =
  | { readonly kind: "call"; readonly id: number; readonly name: string; readonly args: never }
  | { readonly kind: "cancel"; readonly id: number }
  | { readonly kind: "value"; readonly id: number; readonly value: unknown }
  | { readonly kind: "error"; readonly id: number; readonly error: SentError };

interface Waiting {
  readonly resolve: (value: never) => void;
  readonly reject: (error: unknown) => void;
}

export class Calls {
  readonly #port: Port;
  readonly #answers: Answers;
  readonly #waiting = new Map<number, Waiting>();
  readonly #answering = new Map<number, AbortController>();
  #count = 0;
  #ended: unknown;

  constructor(port: Port, answers: Answers) {
    this.#port = port;
    this.#answers = answers;
    port.listen((message) => this.#received(message as Message));
  }

  /** Rejects with what the other side throws, of the same class where Clade has it. */
  call<T>(name: string, args: readonly unknown[], signal?: AbortSignal): Promise<T> {
    if (this.#ended !== undefined) return Promise.reject(this.#ended);
    const id = this.#count++;
    const cancel = () => this.#port.post({ kind: "cancel", id });
    return new Promise<T>((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#port.post({ kind: "call", id, name, args });
      signal?.addEventListener("abort", cancel);
      if (signal?.aborted) cancel();
    }).finally(() => signal?.removeEventListener("abort", cancel));
  }

  /** The other side is gone: every call rejects, and what it waits for is given up. */
  end(error: unknown): void {
    this.#ended = error;
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
    for (const controller of this.#answering.values()) controller.abort();
  }

  #received(message: Message): void {
    if (message.kind === "call") void this.#answer(message);
    else if (message.kind === "cancel") this.#answering.get(message.id)?.abort();
    else {
      const waiting = this.#waiting.get(message.id);
      this.#waiting.delete(message.id);
      if (message.kind === "value") waiting?.resolve(message.value as never);
      else waiting?.reject(errorOf(message.error));
    }
  }

  async #answer({ id, name, args }: Extract<Message, { kind: "call" }>): Promise<void> {
    const controller = new AbortController();
    this.#answering.set(id, controller);
    try {
      const value = await this.#answers[name]!(args, controller.signal);
      this.#port.post({ kind: "value", id, value });
    } catch (error) {
      this.#port.post({ kind: "error", id, error: sentError(error) });
    } finally {
      this.#answering.delete(id);
    }
  }
}

/** An error without its class. */
interface SentError {
  readonly code: string | undefined;
  readonly message: string;
  readonly stack: string | undefined;
  readonly facts: { readonly [name: string]: unknown };
}

/** Each class that somebody tells apart, the more general later, and how it is made again. */
const classes: readonly {
  readonly code: string;
  readonly type: new (...given: never) => Error;
  readonly make: (message: string, facts: { readonly [name: string]: never }) => Error;
}[] = [
  {
    code: "bad input",
    type: BadInputError,
    make: (_, facts) => new BadInputError(facts.problems!),
  },
  {
    code: "checkpoint",
    type: CheckpointError,
    make: (_, facts) => new CheckpointError(facts.checkpoint!, ""),
  },
  { code: "damaged row", type: DamagedRowError, make: (text) => new DamagedRowError(text) },
  {
    code: "late write",
    type: LateWriteError,
    make: (_, facts) => new LateWriteError(facts.file!, ""),
  },
  { code: "lease lost", type: LeaseLostError, make: (text) => new LeaseLostError(text) },
  { code: "run exists", type: RunExistsError, make: (text) => new RunExistsError(text) },
  { code: "no run", type: RunNotFoundError, make: (text) => new RunNotFoundError(text) },
  {
    code: "no snapshot",
    type: SnapshotNotFoundError,
    make: (text) => new SnapshotNotFoundError(text),
  },
  { code: "version", type: StoreVersionError, make: (text) => new StoreVersionError(text) },
  {
    code: "trainer",
    type: TrainerError,
    make: (text, { detail, kind }) => new TrainerError(text, detail!, { kind: kind! }),
  },
  { code: "clade", type: CladeError, make: (text) => new CladeError(text) },
];

function sentError(thrown: unknown): SentError {
  const error = thrown instanceof Error ? thrown : new Error(String(thrown));
  const { message, stack } = error;
  // Names of classes do not survive a minifier.
  const found = classes.find(({ type }) => error instanceof type);
  // Those of Clade's own classes; what others add may not be clonable.
  const facts = found ? { ...error } : {};
  return { code: found?.code, message, stack, facts };
}

function errorOf({ code, message, stack, facts }: SentError): Error {
  const made = classes.find((each) => each.code === code)?.make(message, facts as never);
  const error = Object.assign(made ?? new Error(message), { message });
  if (stack !== undefined) error.stack = stack;
  return error;
}
