/** A run whose workers are jobs of a cluster. It climbs slowly, so that there is time for what happens to it, until it is told to end. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { expect } from "vitest";
import type { PopulationStore, RunId } from "../../src/population-store/population-store.ts";
import { postgresPopulationStore } from "../../src/population-store/postgres/open.ts";
import { climb, type Workplace } from "./command-line.ts";

const stepsPerMember = 600;
const members = 4;

/** Waits for a state of the world that takes as long as the cluster likes. */
export async function until(what: string, condition: () => Promise<boolean> | boolean): Promise<void> {
  await expect.poll(condition, { timeout: 90_000, interval: 100, message: what }).toBe(true);
}

export class ClusterRun implements AsyncDisposable {
  readonly url: string;
  readonly place: Workplace;
  readonly store: PopulationStore;
  id = "" as RunId;
  job = "";
  /** What the submission said. */
  printed = "";

  static async open(url: string, place: Workplace): Promise<ClusterRun> {
    return new ClusterRun(url, place, await postgresPopulationStore(url));
  }

  private constructor(url: string, place: Workplace, store: PopulationStore) {
    this.url = url;
    this.place = place;
    this.store = store;
  }

  /** Writes the experiment. A generation takes a second until the run is to end, and no time then. */
  write({ trainer = "" } = {}): void {
    const isToEnd = `process.getBuiltinModule("node:fs").existsSync(${JSON.stringify(this.place.path("end"))})`;
    const step = `async step({ rate }) {
      if (!${isToEnd}) await new Promise((resolve) => setTimeout(resolve, 200));
      this.height += rate;
    }`;
    const declaration = `budget: { stepsPerMember: ${stepsPerMember} },`;
    this.place.write("climb.ts", climb({ declaration, trainer: `${step}\n${trainer}` }));
  }

  /** Submits the experiment, and resolves the id of the job. */
  async submit(...words: string[]): Promise<string> {
    const { code, stdout, stderr } = await this.place.clade("submit", "slurm", "climb.ts", ...words);
    expect([code, stderr.replace(/^checkpoints .*\n/, "")]).toEqual([0, ""]);
    this.printed = stdout + stderr;
    this.job = /submitted as job (\d+)/.exec(stdout)![1]!;
    this.id = (await this.store.runs()).at(-1)!.id;
    return this.job;
  }

  /** The workers that hold a member. */
  async workers(): Promise<string[]> {
    const leases = (await this.store.members(this.id)).flatMap(({ lease }) => lease?.worker ?? []);
    return [...new Set<string>(leases)].sort();
  }

  isTraining(workers: number): Promise<void> {
    return until(`${workers} workers train`, async () => (await this.workers()).length >= workers);
  }

  /** Resolves when every member has published once more. */
  async trainsOn(): Promise<void> {
    const generations = async () =>
      (await this.store.members(this.id)).map(({ newest }) => newest.generation);
    const before = await generations();
    await until("all publish", async () =>
      (await generations()).every((now, member) => now > before[member]!),
    );
  }

  /** Lets the run come to its end, by itself. */
  async end(): Promise<void> {
    this.place.write("end", "");
    await until("the run is done", async () => (await this.store.run(this.id)).state.kind === "done");
    const steps = (await this.store.members(this.id)).map(({ newest }) => newest.memberSteps);
    expect(steps).toEqual(Array.from({ length: members }, () => stepsPerMember));
    expect((await this.store.counts(this.id)).failures).toBe(0);
  }

  /** What each task printed. */
  logs(): string[] {
    const directory = this.place.path(".clade", "logs");
    if (!existsSync(directory)) return [];
    return readdirSync(directory)
      .filter((name) => /-slurm-.*\.log$/.test(name))
      .map((name) => this.place.read(`.clade/logs/${name}`));
  }

  log(task: number): string {
    return readFileSync(
      this.place.path(".clade", "logs", `${this.id}-slurm-${this.job}_${task}.log`),
      "utf8",
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.store[Symbol.asyncDispose]();
    this.place[Symbol.dispose]();
  }
}
