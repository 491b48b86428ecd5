/**
 * A trainer in another process, which keeps running from generation to generation and from member
 * to member.
 */
import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { generationLengthOf } from "../../algorithm/ready/ready.ts";
import type { Hyperparameters } from "../../algorithm/snapshot.ts";
import { type CommandTrainer, defaultStepTimeoutSeconds } from "../../experiment/command.ts";
import { closedFilesRemedy, type Evaluation } from "../../experiment/trainer.ts";
import { stepCountOf } from "../step-count.ts";
import {
  type Generation,
  type SavedState,
  TrainerError,
  type TrainerSession,
  type Turn,
} from "../trainer-session.ts";
import { readFiles, savedNames, writeFiles } from "./directory-files.ts";
import { MemberLog } from "./member-log.ts";
import { protocolVersion, type ResultOf } from "./messages.ts";
import { openForWriting } from "./open-for-writing.ts";
import { TrainerProcess, type TrainerProcessOptions } from "./trainer-process.ts";
import { ValuesInForce } from "./values-in-force.ts";
import { trainerEnvironment } from "./withheld.ts";

export interface CommandSessionOptions {
  /** Each member's standard error goes to a file here, `member-3.log`; nowhere when left out. */
  readonly logDirectory?: string | undefined;
  /** Variables for the command, added to those of this process. */
  readonly environment?: { readonly [name: string]: string };
}

const { version } = JSON.parse(
  readFileSync(new URL("../../../package.json", import.meta.url), "utf8"),
) as {
  version: string;
};

const startTimeoutSeconds = 300;

export function commandSession(
  trainer: CommandTrainer,
  options: CommandSessionOptions,
): TrainerSession {
  return new CommandSession(trainer, options);
}

class CommandSession implements TrainerSession {
  readonly checkpoints = "directories";
  readonly hyperparameters = "with restore";
  readonly #trainer: CommandTrainer;
  readonly #options: CommandSessionOptions;
  readonly #logs = new Map<number, MemberLog>();
  #process: TrainerProcess | undefined;
  #capabilities: ResultOf<"initialize">["capabilities"] | undefined;
  #isSetUp = false;
  readonly #inForce = new ValuesInForce();
  #member = 0;
  /** Where the generation is that begins. */
  #place: NonNullable<Turn["place"]> = { generation: 0, step: 0 };
  #check = () => {};

  constructor(trainer: CommandTrainer, options: CommandSessionOptions) {
    this.#trainer = trainer;
    this.#options = options;
  }

  get readsBack(): boolean | undefined {
    return this.#capabilities && (this.#capabilities.readsBack || (this.readBack?.size ?? 0) > 0);
  }

  get readBack(): ReadonlySet<string> | undefined {
    return this.#inForce.readBack;
  }

  get readBackAfterTraining(): ReadonlySet<string> | undefined {
    return this.#inForce.readBackAfterTraining;
  }

  get adjusted(): Hyperparameters | undefined {
    return this.#adjusts ? this.#inForce.used : undefined;
  }

  get #adjusts(): boolean {
    return this.#capabilities?.adjusts ?? false;
  }

  interruptWith(check: () => void): void {
    this.#check = check;
  }

  async start(turn: Turn): Promise<void> {
    this.#change(turn);
    if (this.#isSetUp && !this.#capabilities?.repeatedSetup) await this.dispose();
    const process = await this.#running();
    const answer = await process.request("setup", this.#paramsOf(turn));
    this.#isSetUp = true;
    this.#requireNoFault(
      this.#inForce.begun("setup", turn.hyperparameters, this.#completed(answer), this.#adjusts),
    );
  }

  async restore(checkpoint: SavedState & { readonly id?: string }, turn: Turn): Promise<void> {
    this.#change(turn);
    if ("files" in checkpoint) {
      const directory = await temporaryDirectory();
      try {
        await writeFiles(directory, checkpoint.files);
        await this.#restoreFrom(directory, checkpoint.id, turn);
      } finally {
        await rm(directory, { recursive: true, force: true });
      }
    } else {
      await this.#restoreFrom(checkpoint.directory, checkpoint.id, turn);
    }
  }

  async #restoreFrom(directory: string, id: string | undefined, turn: Turn): Promise<void> {
    const process = await this.#running();
    const answer = await process.request("restore", { ...this.#paramsOf(turn), directory });
    this.#isSetUp = true;
    if (id !== undefined && answer.checkpoint !== id) {
      const rule = `loaded checkpoint ${answer.checkpoint}, but was told to load ${id}`;
      throw new TrainerError(
        `${this.#who} ${rule}; load the files of the directory in the request, ` +
          "and hash them as the protocol says",
        `restore from ${directory}`,
        { kind: "contract" },
      );
    }
    this.#requireNoFault(
      this.#inForce.begun("restore", turn.hyperparameters, this.#completed(answer), this.#adjusts),
    );
  }

  async train(generation: Generation): Promise<number> {
    const { ready, stepsLeft, millisecondsLeft } = generation;
    const process = this.#process!;
    const { step, generation: number } = generation;
    const stepCount = stepCountOf(generation);
    const place = { ...this.#place, generation: number, step, stepCount };
    this.#log.note(beginningOf(place, generation.hyperparameters));
    // What comes after goes on with what it has.
    this.#place = { ...place, copied: undefined };
    const begin = performance.now();
    for (let steps = 0, milliseconds = 0; ; ) {
      const asked = nextLeg(generation, steps, milliseconds, this.#capabilities?.seconds ?? false);
      const answer = await process.request("train", {
        ...asked,
        generation: generationOf({ ...place, step: step + steps }),
      });
      const done = answer.steps;
      if (done > (asked.steps ?? Infinity)) {
        const rule = `answered train with ${done} steps, but was asked for ${asked.steps}`;
        throw this.#broken(`${rule}; stop when they are done`);
      }
      this.#requireNoFault(this.#inForce.trained(answer));
      steps += done;
      this.#check();
      milliseconds = performance.now() - begin;
      const isReady = ready({
        stepsInGeneration: steps,
        secondsInGeneration: milliseconds / 1000,
        step: generation.step + steps,
        generation: generation.generation,
      });
      if (steps >= stepsLeft || milliseconds >= millisecondsLeft || isReady) return steps;
    }
  }

  async evaluate(final: boolean): Promise<Evaluation> {
    const process = this.#process!;
    const { metrics, samples } = await process.request("evaluate", { final });
    const all = { ...process.metrics, ...metrics };
    process.metrics = {};
    return { ...all, ...(samples && { samples }) };
  }

  async save(into?: string): Promise<SavedState> {
    const directory = into ?? (await temporaryDirectory());
    try {
      await this.#process!.request("save", { directory });
      this.#requireClosed(directory);
      const names = await savedNames(directory);
      if (typeof names === "string") throw this.#broken(`in save ${names}`);
      return into === undefined ? { files: await readFiles(directory, names) } : { directory };
    } finally {
      if (into === undefined) await rm(directory, { recursive: true, force: true });
    }
  }

  #requireClosed(directory: string): void {
    const { pid } = this.#process!;
    const open = pid === undefined ? undefined : openForWriting(pid, directory);
    if (open === undefined) return;
    throw this.#broken(
      `answered save while it still had ${open} open for writing; ${closedFilesRemedy}`,
    );
  }

  async dispose(): Promise<void> {
    const process = this.#process;
    this.#process = undefined;
    this.#isSetUp = false;
    await process?.stop();
  }

  /** A process for a trainer that is about to get weights: the running one, unless it failed. */
  async #running(): Promise<TrainerProcess> {
    if (this.#process?.isUsable) return this.#process;
    await this.dispose();
    const { command, environment, directory, ...limits } = this.#trainer;
    this.#log.forget();
    const started = this.#spawn({
      command,
      directory: resolve(directory ?? "."),
      environment: {
        ...trainerEnvironment({ ...process.env, ...this.#options.environment }, environment),
        CLADE_PROTOCOL: String(protocolVersion),
      },
      stepTimeoutSeconds: limits.stepTimeoutSeconds ?? defaultStepTimeoutSeconds,
      memoryLimitMegabytes: limits.memoryLimitMegabytes,
      log: () => this.#log,
      who: () => this.#who,
      check: () => this.#check(),
    });
    this.#process = started;
    const hello = await started.request(
      "initialize",
      { protocol: protocolVersion, clade: version },
      limits.startTimeoutSeconds ?? startTimeoutSeconds,
    );
    if (hello.protocol !== protocolVersion) {
      const rule =
        `speaks version ${hello.protocol} of the protocol, ` +
        `and this Clade speaks ${protocolVersion}`;
      throw new TrainerError(
        `${this.#who} ${rule}; install the client that came with this Clade`,
        "",
        {
          kind: "contract",
        },
      );
    }
    this.#capabilities = hello.capabilities;
    return started;
  }

  #spawn(options: TrainerProcessOptions): TrainerProcess {
    try {
      return new TrainerProcess(options);
    } catch (error) {
      throw new TrainerError(
        `${this.#who} could not be started: ${(error as Error).message}`,
        "",
        {
          cause: error,
        },
      );
    }
  }

  /** From here on what the trainer prints and measures belongs to this member. */
  #change({ member, place = { generation: 0, step: 0 } }: Turn): void {
    this.#member = member;
    this.#place = place;
    if (this.#process) this.#process.metrics = {};
  }

  #paramsOf({ place: _, ...turn }: Turn) {
    return { ...turn, generation: generationOf(this.#place) };
  }

  get #log(): MemberLog {
    const { logDirectory } = this.#options;
    const log = this.#logs.get(this.#member);
    if (log) return log;
    const path = logDirectory && join(logDirectory, `member-${this.#member}.log`);
    const created = new MemberLog(path);
    this.#logs.set(this.#member, created);
    return created;
  }

  get #who(): string {
    return `member ${this.#member}: "${this.#trainer.command}"`;
  }

  /** A trainer that does not name the values that it read back has read all of them, or none. */
  #completed<A extends ResultOf<"setup">>(
    answer: A,
  ): A & { readonly readBack: readonly string[] } {
    const all = this.#capabilities?.readsBack ? Object.keys(answer.hyperparameters) : [];
    return { ...answer, readBack: answer.readBack ?? all };
  }

  #requireNoFault(fault: string | undefined): void {
    if (fault !== undefined) throw this.#broken(fault);
  }

  #broken(rule: string): TrainerError {
    return new TrainerError(`${this.#who} ${rule}`, this.#log.last, { kind: "contract" });
  }
}

/** As the protocol has it, where generations are counted from 1. */
function generationOf({
  run,
  generation,
  step,
  stepCount,
  copied,
}: NonNullable<Turn["place"]>): object {
  return { run, number: generation + 1, step, steps: stepCount, copied };
}

/** A line of the member's log. */
function beginningOf(
  { generation, step, stepCount, copied }: NonNullable<Turn["place"]>,
  hyperparameters: Hyperparameters,
): string {
  const steps =
    stepCount === undefined ? `from step ${step} on` : `steps ${step} to ${step + stepCount}`;
  const values = Object.entries(hyperparameters).map(([name, value]) => `${name} ${value}`);
  const began = copied === undefined ? "" : `, from a copy of member ${copied}`;
  return `[clade] generation ${generation + 1}, ${steps}, ${values.join(", ")}${began}`;
}

/**
 * What to ask for next: as many steps as certainly belong to the generation, or one step where
 * that is unknown.
 */
function nextLeg(
  { ready, stepsLeft, millisecondsLeft }: Generation,
  steps: number,
  milliseconds: number,
  canCountSeconds: boolean,
): { readonly steps?: number; readonly seconds?: number } {
  const length = generationLengthOf(ready);
  const ownSeconds = length && "seconds" in length ? length.seconds : Infinity;
  const seconds = Math.min(ownSeconds, millisecondsLeft / 1000) - milliseconds / 1000;
  if (!length || (Number.isFinite(seconds) && !canCountSeconds)) return { steps: 1 };
  const ownSteps = "steps" in length ? length.steps : Infinity;
  const max = Math.max(1, Math.min(ownSteps, stepsLeft) - steps);
  return {
    ...(Number.isFinite(max) && { steps: max }),
    ...(Number.isFinite(seconds) && { seconds: Math.max(0, seconds) }),
  };
}

function temporaryDirectory(): Promise<string> {
  return mkdtemp(join(tmpdir(), "clade-checkpoint-"));
}
