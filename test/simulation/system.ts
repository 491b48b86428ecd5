/** A whole system with real workers and real stores, in simulated time. */
import { memoryCheckpointStore } from "../../src/checkpoint-store/memory/memory-checkpoint-store.ts";
import type {
  PopulationStore,
  Run,
  RunId,
  WorkerId,
} from "../../src/population-store/population-store.ts";
import { createRun } from "../../src/run/create-run.ts";
import { work } from "../../src/worker/worker.ts";
import { Invariants } from "./invariants.ts";
import type { Plan } from "./plan.ts";
import { populationAsSeenBy, SimulatedStorage, type Weather } from "./simulated-stores.ts";
import { simulatedSession } from "./simulated-trainer.ts";
import { Process, type World } from "./world.ts";

/** In simulated time, in milliseconds. */
const leaseMs = 5_000;
const maxTimeMs = 24 * 3600 * 1000;
/** Ten times what a run takes in which much goes wrong. */
const maxSteps = 200_000;

const id = "simulation-1" as RunId;

export class System {
  readonly #world: World;
  readonly #plan: Plan;
  readonly #store: PopulationStore;
  readonly #storage = new SimulatedStorage(memoryCheckpointStore());
  readonly #weather: Weather;
  readonly #alive = new Set<Process>();
  readonly #broken = new Set<number>();
  #run!: Run;
  #error: { readonly error: unknown } | undefined;
  #isOver = false;

  constructor(world: World, plan: Plan, store: PopulationStore) {
    this.#world = world;
    this.#plan = plan;
    this.#store = store;
    const { lostAnswers, tornCheckpoints } = plan;
    this.#weather = { awayUntil: 0, fullUntil: 0, lostAnswers, tornCheckpoints };
  }

  /** Runs to the end of the run. Rejects with what is not as it has to be. */
  async run(): Promise<Invariants> {
    const { experiment, seed, machines, mishaps } = this.#plan;
    this.#run = await createRun(this.#store, experiment, seed, { id });
    const invariants = new Invariants(this.#plan, this.#store, this.#run, this.#storage);
    const begin = this.#world.time;
    for (let machine = 0; machine < machines; machine++) this.#goOn(this.#machine(machine));
    this.#goOn(this.#fate(mishaps));
    await this.#world.run(
      () => this.#isOver || this.#error !== undefined,
      async () => {
        await invariants.check();
        if (this.#world.time - begin > maxTimeMs || this.#world.steps > maxSteps)
          throw new Error("the run does not come to its end");
      },
    );
    if (this.#error) throw this.#error.error;
    await invariants.end();
    return invariants;
  }

  #goOn(doing: Promise<void>): void {
    doing.catch((error) => {
      this.#error ??= { error };
    });
  }

  /** Keeps one worker at work, until the run has ended. */
  async #machine(machine: number): Promise<void> {
    const world = this.#world;
    const slowness = world.chance(0.2) ? 10 : 1;
    for (let started = 0; ; started++) {
      await world.pause(world.between(0, 1000), `machine ${machine} starts a worker`);
      const process = new Process(world, `worker ${machine}/${started}`, slowness);
      const worker = `machine-${machine}:${started}:1` as WorkerId;
      this.#alive.add(process);
      const fate = await this.#work(process, worker, machine);
      this.#alive.delete(process);
      process.kill();
      const { kind } = (await this.#store.run(id)).state;
      if (kind === "done" || kind === "failed") {
        this.#isOver = this.#alive.size === 0;
        return;
      }
      world.say(`${process.name}  ${fate}`);
      if (fate === "lost") await world.pause(world.between(1_000, 3 * leaseMs), "is away");
      // Who started it gives back what it held.
      else await this.#store.releaseWorker(id, worker);
      if (fate === "gave up" || kind === "stopped") await world.pause(leaseMs, "rests");
    }
  }

  /** Resolves how a worker has ended. */
  async #work(process: Process, worker: WorkerId, machine: number): Promise<string> {
    const world = this.#world;
    const died = new Promise<string>((resolve) => {
      process.onDeath(() => resolve(world.chance(0.3) ? "lost" : "killed"));
    });
    const isBroken = () => this.#broken.has(machine);
    const { experiment, troubles } = this.#plan;
    const working = work({
      worker,
      run: this.#run,
      experiment,
      populationStore: populationAsSeenBy(process, world, this.#weather, this.#store),
      checkpointStore: this.#storage.asSeenBy(process, world, this.#weather),
      session: simulatedSession(process, world, troubles, isBroken),
      signal: new AbortController().signal,
      leaseMs,
      clock: process.clock,
    }).then(
      (why) => (why === undefined ? "ended" : "gave up"),
      (error) => `ended with an error: ${error.message}`,
    );
    return await Promise.race([working, died]);
  }

  /** What happens to the system from outside. */
  async #fate(mishaps: number): Promise<void> {
    const world = this.#world;
    for (let count = 0; count < mishaps; count++) {
      await world.pause(world.between(0, 8_000), "fate");
      await this.#mishap();
    }
    // What is left of the run goes well.
    this.#broken.clear();
    Object.assign(this.#weather, { lostAnswers: 0, tornCheckpoints: 0 });
    await this.#resume();
  }

  async #resume(): Promise<void> {
    if ((await this.#store.run(id)).state.kind === "stopped") await this.#store.resume(id);
  }

  async #mishap(): Promise<void> {
    const world = this.#world;
    const process = this.#alive.size > 0 ? world.random.pick([...this.#alive]) : undefined;
    const happens = world.random.pick([
      "kill",
      "freeze",
      "away",
      "full",
      "stop",
      "break",
    ] as const);
    world.say(`fate: ${happens} ${process?.name ?? ""}`);
    switch (happens) {
      case "kill":
        process?.kill();
        break;
      case "freeze":
        if (process) process.frozenUntil = world.time + world.between(100, 3 * leaseMs);
        break;
      case "away":
        this.#weather.awayUntil = world.time + world.between(10, 20_000);
        break;
      case "full":
        this.#weather.fullUntil = world.time + world.between(10, 20_000);
        break;
      case "stop":
        await this.#store.stop(id);
        await world.pause(world.between(100, 2 * leaseMs), "people think");
        await this.#resume();
        break;
      case "break":
        if (!this.#plan.comesOutTheSame)
          this.#broken.add(world.random.integer(this.#plan.machines));
    }
  }
}
