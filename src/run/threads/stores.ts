/** The stores of a program as its threads see them: every call is made in the program. */
import type { CheckpointId } from "../../algorithm/snapshot.ts";
import type {
  CheckpointStore,
  Reserve,
  SweepOptions,
} from "../../checkpoint-store/checkpoint-store.ts";
import type { PopulationStore, RunId } from "../../population-store/population-store.ts";
import { collect } from "../../worker/collector.ts";
import type { Answers, Calls } from "./calls.ts";

/** How many snapshots of a history a thread reads at once. */
const pageLength = 20;

/** What a program answers to one of its threads, which is called by `calls`. */
export function answersOf(
  populationStore: PopulationStore,
  checkpointStore: CheckpointStore,
  run: RunId,
  calls: () => Calls,
): Answers {
  const histories = new Map<number, AsyncIterator<unknown>>();
  let opened = 0;
  let mark = { name: "", value: "" };
  return {
    population: ([method, args]: readonly [keyof PopulationStore, unknown[]]) =>
      (populationStore[method] as (...args: unknown[]) => unknown).apply(populationStore, args),
    mark([name]: readonly [string]) {
      mark = { name, value: populationStore.mark() };
    },
    async wait([name, ms]: readonly [string, number], signal) {
      if (name === mark.name) await populationStore.waitForChange(mark.value, ms, signal);
    },
    "open history"([member]: readonly [number]) {
      histories.set(opened, populationStore.history(run, member)[Symbol.asyncIterator]());
      return opened++;
    },
    async "read history"([id]: readonly [number]) {
      const page: unknown[] = [];
      while (page.length < pageLength) {
        const { done, value } = await histories.get(id)!.next();
        if (done) break;
        page.push(value);
      }
      return page;
    },
    async "close history"([id]: readonly [number]) {
      await histories.get(id)?.return?.();
      histories.delete(id);
    },
    save([files, saving, base]: readonly [never, number, CheckpointId | undefined]) {
      const reserve: Reserve = (id) => calls().call("reserve", [saving, id]);
      return checkpointStore.save(files, reserve, base);
    },
    load: ([id]: readonly [CheckpointId]) => checkpointStore.load(id),
    collect: ([how]: readonly [SweepOptions]) =>
      collect(populationStore, checkpointStore, run, how),
  };
}

/** The population store of the program, for a worker, which collects by another way. */
export function remotePopulationStore(calls: Calls): PopulationStore {
  let marks = 0;
  const own: Partial<PopulationStore> = {
    mark() {
      const name = `${marks++}`;
      void calls.call("mark", [name]);
      return name;
    },
    async waitForChange(seen, timeoutMs, signal) {
      await calls.call("wait", [seen, timeoutMs], signal);
    },
    async *history(_, member) {
      const id = await calls.call<number>("open history", [member]);
      try {
        for (;;) {
          const page = await calls.call<never[]>("read history", [id]);
          yield* page;
          if (page.length < pageLength) return;
        }
      } finally {
        await calls.call("close history", [id]);
      }
    },
    async [Symbol.asyncDispose]() {},
  };
  return new Proxy(own, {
    get(_, name) {
      if (name in own || typeof name === "symbol" || name === "then")
        return Reflect.get(own, name);
      return (...args: unknown[]) => calls.call("population", [name, args]);
    },
  }) as PopulationStore;
}

/** The checkpoint store of the program, and the answer to its reservations. */
export function remoteCheckpointStore(
  calls: () => Calls,
  settleMs: number | undefined,
): { readonly store: CheckpointStore; readonly answers: Answers } {
  const saving = new Map<number, Reserve>();
  let saves = 0;
  const notHere = () => {
    throw new Error("checkpoints are collected by the program");
  };
  return {
    store: {
      ...(settleMs !== undefined && { settleMs }),
      async save(files, reserve, base) {
        const id = saves++;
        saving.set(id, reserve);
        return await calls()
          .call<CheckpointId>("save", [files, id, base])
          .finally(() => saving.delete(id));
      },
      load: (id) => calls().call("load", [id]),
      beginSweep: notHere,
      remove: notHere,
      async [Symbol.asyncDispose]() {},
    },
    answers: {
      reserve: ([id, checkpoint]: readonly [number, CheckpointId]) => saving.get(id)!(checkpoint),
    },
  };
}
