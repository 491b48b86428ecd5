import { spawnSync } from "node:child_process";
import { mkdtempSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { MessageChannel, type MessagePort } from "node:worker_threads";
import {
  BadInputError,
  CheckpointError,
  type CheckpointId,
  command,
  defineExperiment,
  filesystemCheckpointStore,
  LeaseLostError,
  memoryPopulationStore,
  type Run,
  type RunResult,
  readHistory,
  resume,
  run,
  sqlitePopulationStore,
  start,
  withSettings,
} from "clade";
import { describe, expect, onTestFinished, test } from "vitest";
import { Calls } from "../../src/run/threads/calls.ts";
import experiment, { declaration } from "./climbing.ts";

const module = new URL("./climbing.ts", import.meta.url);
const threads = { threads: 2, module, seed: 1 };
const place = () => mkdtempSync(join(tmpdir(), "threads-"));

/** What a synchronous run depends on: its seed alone. */
async function tree(result: RunResult) {
  const { snapshots, decisions } = await result.history();
  const byId = <T>(all: readonly T[], id: (each: T) => string) =>
    all.toSorted((a, b) => id(a).localeCompare(id(b)));
  return {
    snapshots: byId(
      snapshots.map(({ publishedAt, worker, ...snapshot }) => snapshot),
      ({ id }) => id,
    ),
    decisions: byId(decisions, ({ snapshot }) => snapshot),
  };
}

function inEnvironment(name: string, value: string): void {
  process.env[name] = value;
  onTestFinished(() => {
    delete process.env[name];
  });
}

describe("threads", () => {
  test("train what one worker trains, snapshot by snapshot", async () => {
    const alone = await run(experiment, { seed: 1 });
    const threaded = await run(experiment, threads);
    expect(await tree(threaded)).toEqual(await tree(alone));
    expect((await threaded.best!.state()).weights[0]).toBe(threaded.score);
  });

  test("work over any stores, and collect what is unused", async () => {
    const directory = place();
    const populationStore = sqlitePopulationStore(join(directory, "runs.db"));
    onTestFinished(() => populationStore[Symbol.asyncDispose]());
    const result = await run(experiment, {
      ...threads,
      populationStore,
      checkpoints: (id) => filesystemCheckpointStore(join(directory, id)),
    });
    expect(result).toMatchObject({ state: { kind: "done" }, totalSteps: 400 });
    // Threads name their workers by machine and process, as every worker of this machine.
    const { snapshots } = await result.history();
    const places = new Set(
      snapshots.flatMap(({ worker }) => worker?.split(":").slice(0, 2) ?? []),
    );
    expect(places).toEqual(new Set([hostname(), String(process.pid)]));
    expect((await result.best!.state()).state.steps).toBe(result.step);
  });

  test("run a control, too", async () => {
    const { control } = await run(experiment, { ...threads, control: "random-search" });
    expect(control).toMatchObject({ totalSteps: 400, copies: 0, state: { kind: "done" } });
  });

  test("that die are replaced, and nothing that was published is lost", async () => {
    inEnvironment("CLADE_TEST_DIES", join(place(), "died"));
    const result = await run(experiment, threads);
    expect(result).toMatchObject({ state: { kind: "done" }, totalSteps: 400, failures: 1 });
  });

  test("that die of one member's hyperparameters cost that member, and not the run", async () => {
    inEnvironment("CLADE_TEST_TOO_FAST", "yes");
    const initial = [{ rate: 0.9 }, { rate: 0.01 }, { rate: 0.02 }, { rate: 0.03 }];
    const result = await run(withSettings(experiment, { initial }), {
      threads: 2,
      module: new URL("./too-fast.ts", import.meta.url),
      seed: 1,
    });
    expect(result).toMatchObject({ state: { kind: "done" }, totalSteps: 400, failedMembers: 0 });
    const { failures } = await result.history();
    expect(failures[0]).toMatchObject({ member: 0, hyperparameters: { rate: 0.9 } });
    expect(failures[0]!.message).toBe("its thread died: it ended with exit code 134");
    expect(result.hyperparameters!.rate).toBeLessThanOrEqual(0.5);
  });

  test("report what the trainer throws, with its stack", async () => {
    inEnvironment("CLADE_TEST_THROWS", "yes");
    const error = await run(experiment, { ...threads, patienceSeconds: 0 }).catch((e) => e);
    expect(error.message).toContain("every member failed");
    expect(error.cause.message).toBe("trainer step() failed: exploded in a thread");
    expect(error.cause.stack).toContain("climbing.ts");
  });

  test("stop with their session", async () => {
    const populationStore = memoryPopulationStore();
    const endless = { ...threads, populationStore };
    const session = await start(experiment, endless);
    for await (const event of session) if (event.type === "decision") break;
    expect((await session.stop()).state.kind).toMatch(/stopped|done/);
  });
});

test("a program that was killed goes on at once, from what it had published", async () => {
  const directory = place();
  const program = fileURLToPath(new URL("./killed-program.ts", import.meta.url));
  const words = ["--conditions", "clade-source", program, directory];
  expect(spawnSync(process.execPath, words).signal).toBe("SIGKILL");
  await using populationStore = sqlitePopulationStore(join(directory, "runs.db"));
  const [{ id, state }] = (await populationStore.runs()) as [Run];
  expect(state.kind).toBe("running");
  const before = (await readHistory(populationStore, id)).snapshots;
  const checkpoints = () => filesystemCheckpointStore(join(directory, id));
  const held = async () =>
    (await populationStore.members(id)).flatMap(({ lease }) => lease?.worker ?? []);
  const dead = new Set(await held());
  const resumed = await resume(populationStore, id, experiment, { checkpoints });
  expect((await held()).filter((worker) => dead.has(worker))).toEqual([]);
  const result = await resumed.result;
  const alone = await run(experiment, { seed: 1 });
  expect(await tree(result)).toEqual(await tree(alone));
  expect((await result.history()).snapshots.slice(0, before.length)).toEqual(before);
});

test.each<[string, object, string]>([
  [
    "a relative path, which is the program's",
    { threads: 1, module: "./absent/climbing.ts" },
    join(process.cwd(), "absent/climbing.ts"),
  ],
  ["no module", { threads: 2 }, "threads: 2 - need the module that exports the experiment"],
  ["workers, too", { ...threads, workers: 2 }, "threads: 2 - cannot be given together with"],
  ["none", { threads: 0, module }, "threads: 0 - must be a whole number of at least 1"],
  [
    "a module without an experiment",
    { threads: 1, module: new URL("./no-experiment.ts", import.meta.url) },
    "exports no experiment; let it export one as its default",
  ],
  [
    "a module that is not there",
    { threads: 1, module: new URL("./absent.ts", import.meta.url) },
    "absent.ts",
  ],
  [
    "a module that starts a run itself",
    { threads: 1, module: new URL("./starts-a-run.ts", import.meta.url) },
    "this module starts a run when it is loaded, also in a thread",
  ],
])("%s is told", async (_, options, message) => {
  await expect(run(experiment, options)).rejects.toThrow(message);
});

test("a command with threads is refused before a run exists", async () => {
  const populationStore = memoryPopulationStore();
  const commanded = defineExperiment({ ...declaration, trainer: command("./train") });
  await expect(run(commanded, { ...threads, populationStore })).rejects.toThrow(
    "threads: 2 - are for trainers in JavaScript, and a command has a process of its own",
  );
  expect(await populationStore.runs()).toEqual([]);
});

test("errors keep their class and their facts on the way between threads", async () => {
  const { port1, port2 } = new MessageChannel();
  const portOf = (port: MessagePort) => ({
    post: (message: unknown) => port.postMessage(message),
    listen: (receive: (message: unknown) => void) => port.on("message", receive),
  });
  const id = "a".repeat(64) as CheckpointId;
  const errors = {
    lease: new LeaseLostError("lost"),
    checkpoint: new CheckpointError(id, "is gone"),
    input: new BadInputError([{ path: "a", value: "1", rule: "is wrong", remedy: "mend it" }]),
    other: new RangeError("too far"),
  };
  new Calls(portOf(port1), {
    fail: ([name]: readonly [keyof typeof errors]) => {
      throw errors[name];
    },
  });
  const calls = new Calls(portOf(port2), {});
  const failed = (name: string) => calls.call<never>("fail", [name]).catch((error) => error);
  expect(await failed("lease")).toBeInstanceOf(LeaseLostError);
  expect(await failed("checkpoint")).toMatchObject({ message: errors.checkpoint.message });
  expect((await failed("checkpoint")).checkpoint).toBe(id);
  expect((await failed("input")).problems).toEqual(errors.input.problems);
  expect(await failed("other")).toMatchObject({ message: "too far", stack: errors.other.stack });
  port1.close();
});

test("an experiment that is not the module's is told", async () => {
  const other = defineExperiment({ ...declaration, population: 5 });
  await expect(run(other, threads)).rejects.toThrow("population: 5 in the run, 4 in the module");
});
