/** What has to hold in every run, whatever goes wrong. */
import { memberOf, ordinalOf, type Snapshot, snapshotId } from "../../src/algorithm/snapshot.ts";
import {
  beginning,
  type PopulationStore,
  type Run,
} from "../../src/population-store/population-store.ts";
import { endsAtPublication } from "../../src/worker/decision.ts";
import { type Plan, stepsPerGeneration } from "./plan.ts";
import type { SimulatedStorage } from "./simulated-stores.ts";

export class Invariants {
  readonly #plan: Plan;
  readonly #store: PopulationStore;
  readonly #run: Run;
  readonly #storage: SimulatedStorage;
  readonly #byId = new Map<string, Snapshot>();
  readonly #newest = new Map<number, Snapshot>();
  readonly happened = { copies: 0, rescues: 0, recoveries: 0, failures: 0, restorations: 0 };
  #cursor = beginning;
  #mark = "";
  #steps = 0;
  #stepsBefore = 0;

  constructor(plan: Plan, store: PopulationStore, run: Run, storage: SimulatedStorage) {
    this.#plan = plan;
    this.#store = store;
    this.#run = run;
    this.#storage = storage;
  }

  /** After an event: everything that is new follows from what was there before. */
  async check(): Promise<void> {
    const mark = this.#store.mark();
    if (mark === this.#mark) return;
    this.#mark = mark;
    const { snapshots, decisions, failures, cursor } = await this.#store.changes(
      this.#run.id,
      this.#cursor,
    );
    this.#cursor = cursor;
    for (const { publishedAt, worker, ...snapshot } of snapshots) this.#expectNext(snapshot);
    for (const { kind, reason } of decisions) {
      if (kind === "copy") this.happened.copies++;
      if (reason.text.startsWith("rescued")) this.happened.rescues++;
      if (reason.text.startsWith("recovered")) this.happened.recoveries++;
    }
    this.happened.failures += failures.length;
  }

  #expectNext(snapshot: Snapshot): void {
    const { id, member, kind, parent, donor } = snapshot;
    const before = this.#newest.get(member);
    const expected = snapshotId(member, before ? ordinalOf(before.id) + 1 : 0);
    must(id === expected, `${id} follows ${before?.id}`);
    this.#byId.set(id, snapshot);
    this.#newest.set(member, snapshot);
    must(before !== undefined || kind === "initial", `${id} begins a member`);
    if (!before) return;
    for (const from of [parent, donor])
      if (from !== undefined) must(this.#byId.has(from), `${id} comes from ${from}`);
    const trained = kind === "trained" ? snapshot.memberSteps - before.memberSteps : 0;
    if (kind === "trained") {
      must(parent === before.id, `${id} was trained from ${parent}, and follows ${before.id}`);
      must(
        snapshot.generation === before.generation + 1,
        `${id} ends its member's next generation`,
      );
      must(trained > 0, `${id} was trained for ${trained} steps`);
      must(snapshot.step === before.step + trained, `${id} has the steps of its weights`);
    } else if (kind !== "recovered") {
      const copied = kind === "copied" ? this.#byId.get(parent!)!.generation : 0;
      const isFarAhead = copied > before.generation + 1 && memberOf(parent!) !== member;
      must(
        snapshot.generation === before.generation ||
          (isFarAhead && snapshot.generation === copied),
        `${id} belongs to a generation that is over`,
      );
      must(snapshot.memberSteps === before.memberSteps, `${id} has its own steps`);
    }
    const { stepsPerMember } = this.#plan;
    must(snapshot.memberSteps <= stepsPerMember, `${id} is within its member's budget`);
    if (kind === "copied" && memberOf(parent!) !== member)
      must(snapshot.checkpoint === this.#byId.get(parent!)!.checkpoint, `${id} has its donor's`);
    this.#stepsBefore = trained > 0 ? this.#steps : this.#stepsBefore;
    this.#steps += snapshot.memberSteps - before.memberSteps;
  }

  /** When the run is over. */
  async end(): Promise<void> {
    await this.check();
    const { state, best } = await this.#store.run(this.#run.id);
    const members = await this.#store.members(this.#run.id);
    const { stepsPerMember, totalSteps, experiment } = this.#plan;
    for (const { member, state, newest, lease } of members) {
      must(newest.id === this.#newest.get(member)!.id, `member ${member} is what it published`);
      if (state === "finished" && totalSteps === undefined)
        must(newest.memberSteps === stepsPerMember, `member ${member} has had its budget`);
      must(lease === undefined || totalSteps !== undefined, `member ${member} is not held`);
      await this.#expectRestorable(newest);
    }
    if (totalSteps !== undefined && state.kind === "done") {
      const { population } = experiment;
      // Where all have to get to the same generation, each of them may be at its last one.
      const beyond = endsAtPublication(experiment) ? 0 : population * stepsPerGeneration;
      const maxSteps = totalSteps + beyond;
      must(
        this.#stepsBefore < maxSteps,
        `the last of ${this.#steps} steps begin before ${maxSteps}`,
      );
    } else if (state.kind === "done") {
      must(
        members.every(({ state }) => state !== "active"),
        "no member is left when the run is done",
      );
    }
    const { tornCheckpoints } = this.#plan;
    must(tornCheckpoints > 0 || this.happened.recoveries === 0, "what was published is whole");
    if (best) await this.#expectRestorable(this.#byId.get(best)!);
  }

  async #expectRestorable({ id, checkpoint }: Snapshot): Promise<void> {
    if (checkpoint === undefined || this.#storage.torn.has(checkpoint)) return;
    const isThere = await this.#storage.load(checkpoint).then(
      () => true,
      () => false,
    );
    must(isThere, `${id} can be restored`);
    this.happened.restorations++;
  }

  /** The tree that was published, without when and by whom. */
  async tree(): Promise<unknown> {
    const snapshots = [...this.#byId.values()].toSorted((a, b) => (a.id < b.id ? -1 : 1));
    const { decisions } = await this.#store.changes(this.#run.id, beginning, 100_000);
    const ordered = decisions.toSorted((a, b) => (a.snapshot < b.snapshot ? -1 : 1));
    return { snapshots, decisions: ordered, best: (await this.#store.run(this.#run.id)).best };
  }
}

function must(holds: boolean, what: string): void {
  if (!holds) throw new Error(`it does not hold that ${what}`);
}
