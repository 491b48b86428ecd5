/** A thread of a program: a worker whose stores are the program's. */
import { CladeError } from "../../algorithm/clade-error.ts";
import type { Experiment } from "../../experiment/experiment.ts";
import type { Settings } from "../../experiment/settings.ts";
import type { InProcessTrainerSource } from "../../experiment/trainer.ts";
import type { Run, WorkerId } from "../../population-store/population-store.ts";
import { inProcessSession } from "../../trainer/in-process/in-process-session.ts";
import { changesSince } from "../changes-since.ts";
import { Calls, type Port } from "./calls.ts";
import { thisIsThread } from "./in-thread.ts";
import { remoteCheckpointStore, remotePopulationStore } from "./stores.ts";

/** What a program tells a thread to do. */
export interface Task {
  readonly run: Run;
  readonly worker: WorkerId;
  /** Of a control: what it changes in the module's experiment. */
  readonly settings: Settings;
  readonly settleMs: number | undefined;
  readonly patienceMs: number | undefined;
}

/** Works for the program at the other end, with the experiment that it is given. */
export function serve(port: Port, experiment: () => Promise<Experiment>): void {
  thisIsThread();
  const checkpoints = (settleMs: number | undefined) =>
    remoteCheckpointStore(() => calls, settleMs);
  let reserve = checkpoints(undefined).answers.reserve!;
  const calls: Calls = new Calls(port, {
    reserve: (...given) => reserve(...given),
    async work([task]: readonly [Task], signal) {
      const { run, worker, settings, settleMs, patienceMs } = task;
      const own = await changed(await experiment(), settings);
      requireSame(run, own);
      const { store, answers } = checkpoints(settleMs);
      reserve = answers.reserve!;
      const { work } = await import("../../worker/worker.ts");
      return await work({
        worker,
        run,
        experiment: own,
        populationStore: remotePopulationStore(calls),
        checkpointStore: store,
        collect: (how) => calls.call("collect", [how]),
        session: inProcessSession(own.trainer as InProcessTrainerSource, own),
        signal,
        patienceMs,
      });
    },
  });
  void calls.call("ready", []);
}

async function changed(experiment: Experiment, settings: Settings): Promise<Experiment> {
  if (Object.keys(settings).length === 0) return experiment;
  const { withSettings } = await import("../../experiment/settings.ts");
  return withSettings(experiment, settings);
}

function requireSame(run: Run, experiment: Experiment): void {
  const changes = changesSince(run, experiment);
  if (changes.length === 0) return;
  const lines = changes.map(
    ({ key, before, now }) => `\n  ${key}: ${before} in the run, ${now} in the module`,
  );
  throw new CladeError(
    `run ${run.id}: the experiment of the threads' module is not the one that was started; ` +
      `export that one:${lines.join("")}`,
  );
}
