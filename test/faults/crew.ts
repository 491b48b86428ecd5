/** Machines that train one population, and everything that is known about it afterwards. */
import { type ChildProcess, execFileSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "vitest";
import type { Random } from "../../src/algorithm/random.ts";
import { LocalCache } from "../../src/checkpoint-store/objects/local-cache.ts";
import {
  type ObjectCheckpointStore,
  objectCheckpointStore,
} from "../../src/checkpoint-store/objects/object-checkpoint-store.ts";
import { openStorage } from "../../src/checkpoint-store/open.ts";
import {
  beginning,
  type PopulationStore,
  type RunId,
} from "../../src/population-store/population-store.ts";
import { createRun } from "../../src/run/create-run.ts";
import { collect } from "../../src/worker/collector.ts";
import { openPopulation } from "../crash/open-population.ts";
import { expectSound } from "../walk/expect-sound.ts";
import { stepsPerGeneration, walkExperiment } from "../walk/walk-experiment.ts";
import { Account, Machine, type MachineOptions } from "./machine.ts";
import type { Task } from "./task.ts";

/** Only root may mount disks. */
export const isRoot = process.getuid?.() === 0;
/** A machine that has not reported for this long has lost its member. */
export const leaseMs = 3_000;
/** A collection takes less time than this, even on a busy machine. */
const settleMs = 5_000;
const population = 5;
/** The size of a cache that is a separate disk. */
const cacheMegabytes = 16;
/** A run that publishes nothing for this long never ends. */
const maxSilentMs = 120_000;
/** While steps are slow, this many are certainly not all done. */
const generationsPerSecond = 2.4;

export interface CrewOptions {
  /** The database. */
  readonly store: string;
  readonly checkpoints: string;
  readonly trainer: Task["trainer"];
  readonly environment: { readonly [name: string]: string };
  /** For the caches. */
  readonly directory: string;
  /** How long it trains slowly. Afterwards it trains faster. */
  readonly seconds: number;
  readonly machines: readonly Pick<MachineOptions, "clockMs" | "host">[];
  readonly note: (what: string) => void;
}

/** Applies a fault to a machine. */
export type MachineFault = (machine: Machine, random: Random) => Promise<void>;

export class Crew implements AsyncDisposable {
  readonly options: CrewOptions;
  readonly machines: readonly Machine[];
  readonly store: PopulationStore;
  readonly run: RunId;
  readonly #account: Account;
  readonly #checkpoints: ObjectCheckpointStore;
  readonly #stepsPerMember: number;
  readonly #slow: string;
  #isOver = false;
  #rests = false;
  #copies = 0;
  /** The number of faults in trainers, and in disks that they write to. */
  trainerFaults = 0;

  private constructor(
    options: CrewOptions,
    opened: {
      readonly store: PopulationStore;
      readonly run: RunId;
      readonly machines: readonly Machine[];
      readonly checkpoints: ObjectCheckpointStore;
      readonly account: Account;
      readonly stepsPerMember: number;
      readonly slow: string;
    },
  ) {
    this.options = options;
    this.store = opened.store;
    this.run = opened.run;
    this.machines = opened.machines;
    this.#checkpoints = opened.checkpoints;
    this.#account = opened.account;
    this.#stepsPerMember = opened.stepsPerMember;
    this.#slow = opened.slow;
  }

  static async start(options: CrewOptions): Promise<Crew> {
    const { directory, trainer, environment, checkpoints: place } = options;
    mkdirSync(directory, { recursive: true });
    const slow = join(directory, "slow");
    writeFileSync(slow, "");
    const generations = Math.ceil(options.seconds * generationsPerSecond);
    const stepsPerMember = generations * stepsPerGeneration;
    const experiment = walkExperiment({ population, stepsPerMember, synchronous: false, trainer });
    const store = await openPopulation(options.store);
    const { id } = await createRun(store, experiment, 1);
    const checkpoints = objectCheckpointStore(
      await openStorage(place),
      id,
      newCache(directory, "collector"),
      {
        settleMs,
      },
    );
    await checkpoints.sign();
    const account = new Account();
    const cacheOf = (index: number) => {
      const cache = join(directory, `cache-${index}`);
      mkdirSync(cache);
      if (isRoot)
        execFileSync("mount", ["-t", "tmpfs", "-o", `size=${cacheMegabytes}m`, "tmpfs", cache]);
      return cache;
    };
    const machines = await Promise.all(
      options.machines.map((own, index) =>
        Machine.start({
          name: `machine-${index}`,
          store: options.store,
          run: id,
          checkpoints: place,
          cache: cacheOf(index),
          trainer,
          leaseMs,
          settleMs,
          ...own,
          environment: { ...environment, CLADE_TEST_SLOW: slow },
          account,
        }),
      ),
    );
    const crew = new Crew(options, {
      store,
      run: id,
      machines,
      checkpoints,
      account,
      stepsPerMember,
      slow,
    });
    for (const machine of machines) void crew.#keepAlive(machine);
    crew.#watch().catch(() => {
      // The store was closed, or another error explains the end of the test.
    });
    return crew;
  }

  /** Random faults at random moments, of each kind in every round. */
  async suffer(
    faults: { readonly [what: string]: MachineFault },
    goesOn: () => boolean,
    random: Random,
  ): Promise<void> {
    const inProgress = new Set<Promise<void>>();
    const collecting = new AbortController();
    const collected = this.#collectMeanwhile(collecting.signal);
    try {
      let round: string[] = [];
      for (let rounds = 0; (goesOn() || rounds === 0) && !this.#isOver; ) {
        expect(this.#account.complaints).toEqual([]);
        await sleep(200 + random.uniform() * 1_000);
        // Only machines at work, so that there is something to lose.
        const chosen = this.machines.filter(({ isBusy, atWork }) => !isBusy && atWork.length > 0);
        if (chosen.length === 0) continue;
        if (round.length === 0) round = Object.keys(faults);
        const machine = random.pick(chosen);
        const [what] = round.splice(random.integer(round.length), 1) as [string];
        machine.isBusy = true;
        const fault = faults[what]!(machine, random).finally(() => {
          machine.isBusy = false;
          inProgress.delete(fault);
        });
        inProgress.add(fault);
        this.options.note(what);
        if (round.length === 0) rounds++;
      }
      await Promise.all(inProgress);
    } finally {
      collecting.abort();
      await Promise.allSettled([...inProgress, collected]);
    }
  }

  /** Resolves once every machine is at work. */
  async begun(): Promise<void> {
    expect(this.#account.complaints).toEqual([]);
    while (this.machines.some(({ atWork }) => atWork.length === 0)) await sleep(100);
  }

  /**
   * Starts the same worker elsewhere, as a scheduler does that has lost contact with the first.
   * When it has contact again, it ends the first.
   */
  startCopy(machine: Machine): ChildProcess {
    const cache = join(this.options.directory, `copy-${this.#copies++}`);
    return machine.start({ elsewhere: { cache } });
  }

  /** No workers are started. */
  rest(): void {
    this.#rests = true;
  }

  goOn(): void {
    this.#rests = false;
  }

  /** Waits until the run has ended by itself, and with it every worker. */
  async end(): Promise<void> {
    rmSync(this.#slow, { force: true });
    const living = () => this.machines.reduce((count, { processes }) => count + processes.size, 0);
    let [publications, lastMs] = [0, performance.now()];
    while (!this.#isOver || living() > 0) {
      expect(this.#account.complaints).toEqual([]);
      if (this.#account.published.length > publications) {
        publications = this.#account.published.length;
        lastMs = performance.now();
      }
      if (performance.now() > lastMs + maxSilentMs) {
        const processes = this.machines.flatMap((machine) => [...machine.processes].map(stateOf));
        const state = { members: await this.store.members(this.run), processes };
        throw new Error(`the run does not end: ${JSON.stringify(state)}`);
      }
      await sleep(100);
    }
    expect(this.#account.complaints).toEqual([]);
  }

  async expectSound(): Promise<void> {
    const { store, run, options } = this;
    const fresh = newCache(options.directory, "fresh");
    await using checkpoints = objectCheckpointStore(
      await openStorage(options.checkpoints),
      run,
      fresh,
    );
    await expectSound(store, checkpoints, run, this.#stepsPerMember, this.trainerFaults);
    const { snapshots } = await store.changes(run, beginning, 1_000_000);
    const tree = new Map(snapshots.map((snapshot) => [snapshot.id, snapshot]));
    const seen = new Set<string>();
    for (const { id, checkpoint, worker } of this.#account.published) {
      expect(seen.has(id)).toBe(false);
      seen.add(id);
      const published = tree.get(id);
      expect([id, published?.checkpoint, published?.worker]).toEqual([id, checkpoint, worker]);
    }
    expect(seen.size).toBeGreaterThan(snapshots.length / 2);
  }

  get processesThatPublished(): number {
    return new Set(this.#account.published.map(({ pid }) => pid)).size;
  }

  summary() {
    const { published, fullDisks, clockMs, complaints } = this.#account;
    return { acknowledged: published.length, fullDisks, clockMs, complaints };
  }

  async #watch(): Promise<void> {
    while (!this.#isOver) {
      await sleep(250);
      const { state } = await this.store.run(this.run);
      this.#isOver = state.kind !== "running";
    }
  }

  /** A machine has a worker for as long as there is work. */
  async #keepAlive(machine: Machine): Promise<void> {
    while (!this.#isOver) {
      if (machine.processes.size === 0 && !this.#rests) machine.start();
      await sleep(200);
    }
  }

  /**
   * Collects beside the workers, as `clade gc` does. Continues until something is deleted, by this
   * or another collector.
   */
  async #collectMeanwhile(signal: AbortSignal): Promise<void> {
    const { store, run, options } = this;
    await using storage = await openStorage(options.checkpoints);
    for (let hasGone = false; (!signal.aborted || !hasGone) && !this.#isOver; ) {
      await collect(store, this.#checkpoints, run);
      const ids = new Set((await storage.list(`${run}/`)).map(({ key }) => key.split("/")[1]));
      const published = this.#account.published.flatMap(({ checkpoint = [] }) => checkpoint);
      hasGone = published.some((checkpoint) => !ids.has(checkpoint));
      if (hasGone) options.note("files were collected");
      await sleep(700);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isOver = true;
    for (const machine of this.machines) {
      await machine[Symbol.asyncDispose]();
      if (isRoot) execFileSync("umount", ["-l", machine.cache]);
    }
    await this.store[Symbol.asyncDispose]();
    await this.#checkpoints[Symbol.asyncDispose]();
  }
}

function newCache(directory: string, name: string): LocalCache {
  return new LocalCache({ directory: join(directory, name) });
}

/** What a process waits for, where the system tells it. */
function stateOf({ pid }: ChildProcess): string {
  const path = `/proc/${pid}/status`;
  const status = existsSync(path) ? readFileSync(path, "utf8") : "";
  return `${pid}: ${/^State:\s+(.*)$/m.exec(status)?.[1] ?? "unknown"}`;
}

/** Resolves when a process has ended. */
export async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
}
