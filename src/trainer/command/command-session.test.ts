import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { command, everySeconds, everySteps, TrainerError } from "clade";
import { trainerSessionConformance } from "clade/testing";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { Generation, TrainerSession } from "../trainer-session.ts";
import { commandSession } from "./command-session.ts";

const climber = fileURLToPath(new URL("../../../test/fixtures/climber.mjs", import.meta.url));

let directory: string;
let sessions: TrainerSession[];
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "clade-session-"));
  sessions = [];
});
afterEach(async () => {
  for (const session of sessions) await session.dispose();
  rmSync(directory, { recursive: true });
});

/** A climber that misbehaves in one call. */
function climbing(misbehaviour = "", options: object = {}): TrainerSession {
  const environment = { STARTS: join(directory, "starts"), CHILDREN: join(directory, "children") };
  const trainer = command(`node ${climber} '${misbehaviour}'`, { environment, ...options });
  const session = commandSession(trainer, { logDirectory: directory });
  sessions.push(session);
  return session;
}

const turn = { member: 3, seed: 7, hyperparameters: { rate: 0.1, kind: "steep" } };
const budget = { stepsLeft: Infinity, millisecondsLeft: Infinity };
const generation: Generation = {
  ...budget,
  ...turn,
  step: 0,
  generation: 0,
  ready: everySteps(3),
};

/** What a worker does with a member: a generation, and a copy. */
async function life(session: TrainerSession): Promise<void> {
  await session.start(turn);
  await session.train(generation);
  await session.evaluate(false);
  await session.restore({ ...(await session.save()), id: heightHash as never }, turn);
  await session.dispose();
}

/** Of a checkpoint with a height of 0.300, as protocol/trainer-protocol.md has it. */
const heightHash = "965c0265aa335d5434242bd070f682f0f7e4b529b95706382beb3a3b20aeff3f";

const linesOf = (name: string) => readFileSync(join(directory, name), "utf8").trim().split("\n");
/**
 * A process that has ended stays in the table until its parent has asked, which that of an orphan
 * may never do.
 */
function lives(pid: string): boolean {
  return (
    existsSync(`/proc/${pid}/stat`) && !/\) Z/.test(readFileSync(`/proc/${pid}/stat`, "utf8"))
  );
}

test("the log says where a generation begins, with its values and its donor", async () => {
  const session = climbing();
  await session.start(turn);
  await session.train(generation);
  const place = { run: "climb", generation: 4, step: 20, copied: 5 };
  await session.restore(await session.save(), { ...turn, place });
  const ready = everySeconds(0.01);
  await session.train({ ...generation, generation: 4, step: 20, ready });
  expect(linesOf("member-3.log").filter((line) => line.startsWith("[clade]"))).toEqual([
    "[clade] generation 1, steps 0 to 3, rate 0.1, kind steep",
    "[clade] generation 5, from step 20 on, rate 0.1, kind steep, from a copy of member 5",
  ]);
});

describe("the session of a command keeps the contract", () => {
  const open = () => commandSession(command(`node ${climber}`), {});
  const hyperparameters = [{ rate: 0.125 }, { rate: 0.25 }] as const;
  const cases = trainerSessionConformance(open, { metric: "height", hyperparameters });
  test.each(cases)("$name", ({ run }) => run());
});

test("one process serves all members of its worker, and each has its own log", async () => {
  const session = climbing();
  await life(session);
  expect(linesOf("starts")).toHaveLength(1);
  await session.start({ ...turn, member: 4 });
  await session.start({ ...turn, member: 5 });
  expect(linesOf("starts")).toHaveLength(2);
  expect(linesOf("member-3.log")).toEqual([
    "the climber is here",
    "[clade] generation 1, steps 0 to 3, rate 0.1, kind steep",
  ]);
  expect(linesOf("member-4.log")).toEqual(["the climber is here"]);
});

const notJson =
  "printed a line that is not JSON; print to standard error, " +
  "since standard output belongs to the protocol:";
test.each([
  ["initialize: exit", 'member 3: "COMMAND" ended with exit code 3 during initialize'],
  [
    "initialize: another version",
    "speaks version 2 of the protocol, and this Clade speaks 1; install the client",
  ],
  ["setup: exit silently", "ended with exit code 0 during setup"],
  [
    "setup: old hyperparameters",
    "has rate = 0.25 in force after setup, but was told 0.1; use the values that setup is given",
  ],
  ["setup: no hyperparameters", "has rate = nothing in force after setup, but was told 0.1"],
  [
    "train: overwritten hyperparameters",
    "was told rate = 0.1; in force 0.1 before the first step, 0.00005 after the last: " +
      "a schedule overwrites it",
  ],
  [
    "train: other kinds of hyperparameters",
    "answered train with hyperparameters: 5 - must be an object; answer with the value in force",
  ],
  ["train: die", "was killed by SIGKILL from outside during train"],
  [
    "train: hang",
    "said nothing for 4 s during train; report progress more often, or raise stepTimeoutSeconds",
  ],
  ["train: too many steps", "answered train with 100 steps, but was asked for 3"],
  ["train: no steps", "answered train with steps: 0 - must be at least 1"],
  ["train: answer twice", "answered request 3, but"],
  [
    "train: answer another",
    "answered request 4, but request 3 (train) is waiting; answer each request once",
  ],
  ["train: garbage", `${notJson} "Epoch 1/10: loss=0.5"`],
  ["train: flood lines", `${notJson} "x"`],
  ["train: flood without lines", "printed a line of more than 16 MiB on standard output"],
  [
    "evaluate: NaN in JSON",
    "printed a line that is not JSON, which has no NaN and no infinity; send null instead",
  ],
  [
    "evaluate: no metrics",
    "answered evaluate with metrics: undefined - must be an object; report numbers by name",
  ],
  [
    "evaluate: a string",
    'answered evaluate with metrics.height: "0.5" - must be a number, ' +
      "or null for one that is not finite",
  ],
  [
    "save: half a file",
    "was killed by SIGKILL from outside during save, as the out-of-memory killer does",
  ],
  ["save: nothing", "in save wrote no file; write everything that the next step depends on"],
  ...(existsSync("/proc/self/fd")
    ? [
        [
          "save: a file that is still open",
          "still had height.txt open for writing; wait for asynchronous writers",
        ],
      ]
    : []),
  ["save: a hidden file", 'in save wrote ".hidden": a name in a checkpoint may have letters'],
  ["restore: another checkpoint", `was told to load ${heightHash}`],
  ["restore: old hyperparameters", "has rate = 0.25 in force after restore, but was told 0.1"],
])("%s: one clear error, and what is started next is as new", async (misbehaviour, message) => {
  const stepTimeoutSeconds = misbehaviour.includes("hang") ? 4 : 60;
  const session = climbing(misbehaviour, { stepTimeoutSeconds });
  const error = await life(session).catch((caught: unknown) => caught);
  expect(error).toBeInstanceOf(TrainerError);
  const { message: said } = error as TrainerError;
  expect(said).toMatch(/^member 3: "/);
  expect(said.replace(/"node .*?'"/, '"COMMAND"')).toContain(message);
  await session.dispose();
  expect(linesOf("starts").filter(lives)).toEqual([]);
});

test("numbers that a trainer keeps in 32 bits are in force", async () => {
  await life(climbing("restore: 32 bits"));
});

test("a session knows which names were read back at both ends of a generation", async () => {
  const session = climbing();
  expect(session.readBack).toBeUndefined();
  await session.start(turn);
  expect([...session.readBack!]).toEqual(["rate", "kind"]);
  expect(session.readBackAfterTraining).toBeUndefined();
  await session.train(generation);
  expect([...session.readBackAfterTraining!]).toEqual(["rate", "kind"]);
});

test("an error of the trainer's own code has its message, and where it was", async () => {
  const session = climbing();
  await session.start({ ...turn, hyperparameters: { rate: -1 } });
  const error = (await session
    .train(generation)
    .catch((caught: unknown) => caught)) as TrainerError;
  expect(error.message).toMatch(/failed in train: ValueError: rate must not be negative$/);
  expect(error.detail).toMatch(/at Object.train .*climber.mjs/);
});

test("after an error nothing goes on with weights that are not the member's", async () => {
  const session = climbing("train: die");
  await session.start(turn);
  await expect(session.train(generation)).rejects.toThrow(TrainerError);
  await expect(session.evaluate(false)).rejects.toThrow(
    "was killed by SIGKILL from outside during train",
  );
  await expect(session.save()).rejects.toThrow(TrainerError);
  expect(linesOf("starts")).toHaveLength(1);
});

test.each([
  [
    "a command that is not there",
    "clade-no-such-command train.py",
    {},
    "was not found (exit code 127); correct the command, or PATH",
  ],
  [
    "a directory that is not there",
    "node trainer.mjs",
    { directory: "/no/such/directory" },
    "could not be started in /no/such/directory, which is not a directory",
  ],
  [
    "a command that never answers",
    "cat > /dev/null",
    { startTimeoutSeconds: 0.3 },
    "said nothing for 0.3 s during initialize; see whether it speaks the protocol",
  ],
  ["a command that echoes", "cat", {}, "sent the request initialize"],
  ["a shell error", "echo starting >&2; exit 5", {}, "ended with exit code 5 during initialize"],
])("%s is named, with what to do", async (_, text, options, message) => {
  const session = commandSession(command(text, options), { logDirectory: directory });
  sessions.push(session);
  await expect(session.start(turn)).rejects.toThrow(message);
});

test("a command gets no keys to the stores, but for what its experiment names", async () => {
  vi.stubEnv("PGPASSWORD", "secret");
  vi.stubEnv("AWS_SESSION_TOKEN", "token");
  const seen = command(`echo "[$PGPASSWORD][$AWS_SESSION_TOKEN][$HOME]" >&2; exit 1`, {
    environment: { AWS_SESSION_TOKEN: true },
  });
  const error = (await commandSession(seen, {})
    .start(turn)
    .catch((caught: unknown) => caught)) as TrainerError;
  vi.unstubAllEnvs();
  expect(error.detail).toContain(`[][token][${process.env.HOME}]`);
});

test("the last lines that were printed come with an error, and the log's place", async () => {
  const session = commandSession(command("echo 'CUDA out of memory' >&2; exit 1"), {
    logDirectory: directory,
  });
  const error = (await session.start(turn).catch((caught: unknown) => caught)) as TrainerError;
  expect(error.detail).toBe(
    `Its last lines (${join(directory, "member-3.log")}):\nCUDA out of memory`,
  );
});

test.runIf(existsSync("/proc"))(
  "a trainer that takes more memory than it may is ended (needs /proc)",
  async () => {
    const session = climbing("train: eat memory", { memoryLimitMegabytes: 200 });
    await session.start(turn);
    await expect(session.train(generation)).rejects.toThrow(
      /used \d+ MiB of memory, more than memoryLimitMegabytes: 200/,
    );
  },
);

test("100 MB on standard error take at most 33 MB of log, and nothing waits for it", async () => {
  const session = climbing("train: flood standard error");
  await session.start(turn);
  await session.train(generation);
  const sizes = ["member-3.log", "member-3.log.1"].map(
    (name) => statSync(join(directory, name)).size,
  );
  expect(Math.max(...sizes)).toBeLessThan(17 * 2 ** 20);
});

test.runIf(existsSync("/proc"))(
  "children go with their trainer, also those that left its process group (needs /proc)",
  async () => {
    const session = climbing("train: children that stay");
    await session.start(turn);
    await session.train(generation);
    expect(linesOf("children").filter(lives)).toHaveLength(2);
    await session.dispose();
    await expect.poll(() => linesOf("children").filter(lives)).toEqual([]);
  },
);

test("a trainer that ignores the end request, end of input and SIGTERM is killed", async () => {
  const session = climbing("shutdown: ignore SIGTERM");
  await session.start(turn);
  await session.dispose();
  expect(linesOf("starts").filter(lives)).toEqual([]);
});

test("a generation of seconds is asked for as such, and ends with the budget's time", async () => {
  const session = climbing();
  await session.start(turn);
  const steps = await session.train({
    ...generation,
    ready: everySeconds(1000),
    millisecondsLeft: 0,
  });
  expect(steps).toBe(1000);
});

test("metrics of training are kept beside those of the evaluation", async () => {
  const session = climbing("train: notify metrics");
  await session.start(turn);
  await session.train(generation);
  expect(await session.evaluate(true)).toMatchObject({
    loss: 0.5,
    final: 1,
    samples: [expect.any(Number), expect.any(Number)],
  });
  expect(await session.evaluate(false)).not.toHaveProperty("loss");
  expect(linesOf("member-3.log")).toContain("an epoch is done");
});

test.each(["setup: hang", "evaluate: hang", "save: hang"])(
  "%s does not keep a worker that was asked to stop",
  async (misbehaviour) => {
    const session = climbing(misbehaviour);
    const stop = new Error("the worker was asked to stop");
    let isStopping = false;
    session.interruptWith(() => {
      if (isStopping) throw stop;
    });
    const living = life(session).catch((error: unknown) => error);
    await expect.poll(() => existsSync(join(directory, "starts"))).toBe(true);
    isStopping = true;
    expect(await living).toBe(stop);
    await session.dispose();
    expect(linesOf("starts").filter(lives)).toEqual([]);
  },
);

test("a trainer that talks on after its end is ended", async () => {
  const session = climbing("shutdown: talk on after shutdown");
  await session.start(turn);
  await session.dispose();
  expect(linesOf("starts").filter(lives)).toEqual([]);
});

test("the last lines in an error are those of the process that failed", async () => {
  const session = climbing("initialize: exit");
  await expect(session.start(turn)).rejects.toThrow(TrainerError);
  const error = (await session.start(turn).catch((caught: unknown) => caught)) as TrainerError;
  expect(error.detail.match(/the climber is here/g)).toHaveLength(1);
});

test("without a place for its log a member trains all the same", async () => {
  writeFileSync(join(directory, "file"), "");
  const session = commandSession(command(`node ${climber}`), {
    logDirectory: join(directory, "file", "logs"),
  });
  sessions.push(session);
  await life(session);
});

test("children are killed when the watchdog is gone", async () => {
  const session = climbing("train: children that stay");
  await session.start(turn);
  await session.train(generation);
  const [pid] = linesOf("starts");
  const group = execFileSync("ps", ["-o", "pid=,args=", "-g", pid!], { encoding: "utf8" }).split(
    "\n",
  );
  const watchdog = group.find((line) => line.includes("trap"));
  process.kill(Number.parseInt(watchdog!, 10), "SIGKILL");
  await session.dispose();
  // The one that left the group is the watchdog's to find.
  const [inGroup, left] = linesOf("children");
  await expect.poll(() => lives(inGroup!), { timeout: 10_000 }).toBe(false);
  process.kill(Number(left), "SIGKILL");
});
