/** Single faults whose effect the mixture cannot show. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, expect, test } from "vitest";
import { beginning, type WorkerId } from "../../src/population-store/population-store.ts";
import { inLongRuns, isLong } from "../long.ts";
import { sharedPostgres, startPostgres } from "../servers/postgres-server.ts";
import { Crew, type CrewOptions, leaseMs } from "./crew.ts";
import type { Machine } from "./machine.ts";
import { network } from "./network.ts";

const server = await sharedPostgres();
const root = mkdtempSync(join(tmpdir(), "clade-faults-"));
afterAll(async () => {
  rmSync(root, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
});
const needs = server ? "" : " (needs PostgreSQL, and there is none for this machine)";
const hosts = network();
const needsHosts = hosts ? "" : " (needs root and network namespaces)";
let directories = 0;

/** A crew with checkpoints in a shared directory. */
async function newCrew(
  machines: CrewOptions["machines"],
  { store }: { readonly store?: string } = {},
): Promise<Crew> {
  const directory = join(root, `${directories++}`);
  return await Crew.start({
    store: store ?? (await server!.newDatabase()),
    checkpoints: `file://${join(directory, "shared")}`,
    trainer: "in this process",
    environment: {},
    directory,
    seconds: 25,
    machines,
    note: () => {},
  });
}

/** Whether a machine had this worker. */
const isOf = ({ name }: Machine, worker: WorkerId | undefined) =>
  worker?.startsWith(`${name}:`) ?? false;

/** Removes a machine while its worker holds a member, and resolves that member. */
async function takeAway(
  crew: Crew,
  machine: Machine,
  cut: (machine: Machine) => void,
  mend: (machine: Machine) => void,
): Promise<number> {
  for (;;) {
    cut(machine);
    // What was in transit arrives.
    await sleep(500);
    const members = await crew.store.members(crew.run);
    const held = members.find(({ lease }) => isOf(machine, lease?.worker));
    if (held) return held.member;
    mend(machine);
    await sleep(100);
  }
}

async function publishedBy(
  crew: Crew,
  machine: Machine,
): Promise<readonly { readonly member: number }[]> {
  const { snapshots } = await crew.store.changes(crew.run, beginning, 1_000_000);
  return snapshots.filter((snapshot) => isOf(machine, snapshot.worker));
}

/**
 * The member of a machine that cannot be reached goes to the other machine. Afterwards the first
 * continues with what is there.
 */
async function expectFenced(
  crew: Crew,
  cut: (machine: Machine) => void,
  mend: (machine: Machine) => void,
): Promise<void> {
  await crew.begun();
  const [lost, other] = crew.machines as [Machine, Machine];
  const member = await takeAway(crew, lost, cut, mend);
  const ofMember = async () =>
    (await publishedBy(crew, other)).filter((snapshot) => snapshot.member === member).length;
  const before = await ofMember();
  const silent = await publishedBy(crew, lost);
  await expect.poll(ofMember, { timeout: 100_000 }).toBeGreaterThan(before);
  expect(await publishedBy(crew, lost)).toEqual(silent);
  mend(lost);
  const later = async () => (await publishedBy(crew, lost)).length;
  await expect.poll(later, { timeout: 100_000 }).toBeGreaterThan(silent.length);
  await crew.end();
  await crew.expectSound();
}

test
  .skipIf(!server || !isLong)
  .concurrent(
    `with PostgreSQL away for 20 s workers wait and go on${needs}${inLongRuns}`,
    async () => {
      await using own = (await startPostgres())!;
      await using crew = await newCrew([{}, {}], { store: await own.newDatabase() });
      await crew.begun();
      const workers = crew.machines.flatMap(({ processes }) => [...processes]);
      await own.kill();
      await sleep(20_000);
      await own.start();
      expect(workers.map(({ exitCode, signalCode }) => exitCode ?? signalCode)).toEqual([
        null,
        null,
      ]);
      await crew.end();
      expect(workers.map(({ exitCode }) => exitCode)).toEqual([0, 0]);
      await crew.expectSound();
    },
  );

test
  .skipIf(!server || !isLong)
  .concurrent(
    "a worker cut off from PostgreSQL loses its member to others, who go " +
      `on${needs}${inLongRuns}`,
    async () => {
      await using crew = await newCrew([{}, {}]);
      await expectFenced(
        crew,
        ({ network }) => network.silence(),
        ({ network }) => network.mend(),
      );
    },
  );

test
  .skipIf(!server || !isLong)
  .concurrent(
    `a worker that is frozen past its lease cannot publish when it wakes${needs}${inLongRuns}`,
    async () => {
      await using crew = await newCrew([{}, {}]);
      const signal = (name: NodeJS.Signals) => (machine: Machine) => {
        for (const child of machine.processes) child.kill(name);
      };
      await expectFenced(crew, signal("SIGSTOP"), signal("SIGCONT"));
    },
  );

test
  .skipIf(!server || !hosts)
  .concurrent(
    "a host whose link is down for longer than a lease loses its member, and joins " +
      `again${needs}${needsHosts}`,
    async () => {
      using near = hosts!.newHost();
      using far = hosts!.newHost();
      await using crew = await newCrew([{ host: far }, { host: near }]);
      await expectFenced(
        crew,
        () => far.down(),
        () => far.up(),
      );
    },
  );

test
  .skipIf(!server || !isLong)
  .concurrent(
    `two copies of one worker side by side publish nothing twice${needs}${inLongRuns}`,
    async () => {
      await using crew = await newCrew([{}]);
      await crew.begun();
      const [machine] = crew.machines as [Machine];
      const copy = crew.startCopy(machine);
      await expect.poll(() => machine.atWork.includes(copy), { timeout: 100_000 }).toBe(true);
      await sleep(leaseMs);
      await crew.end();
      expect(crew.processesThatPublished).toBe(2);
      await crew.expectSound();
    },
  );
