import { PassThrough } from "node:stream";
import { expect, test } from "vitest";
import { memoryPopulationStore } from "../../population-store/memory/memory-population-store.ts";
import { beginning, type RunId, type WorkerId } from "../../population-store/population-store.ts";
import { description, roots } from "../../testing/population-store/scene.ts";
import { blockedWorker, hangAfter, recordHang } from "./blocked-worker.ts";

const run = "test-1" as RunId;
const worker = "a:1:1" as WorkerId;

/**
 * A store in which the worker has claimed the one member of a run, and what is decided about the
 * worker when it reports.
 */
async function scene(leaseMs = 60_000) {
  const populationStore = memoryPopulationStore();
  await populationStore.createRun({ id: run, seed: 1, experiment: description() }, roots(1));
  const claimed = await populationStore.claimMember(run, worker, { leaseMs });
  if (claimed.kind !== "claimed") throw new Error(claimed.kind);
  const reports = new PassThrough();
  const stopping = new AbortController();
  const options = {
    run,
    worker,
    device: undefined,
    populationStore,
    stepTimeoutSeconds: 300,
    isStopping: () => stopping.signal.aborted,
  };
  return {
    populationStore,
    options,
    verdict: blockedWorker(reports, options),
    stop: () => stopping.abort(),
    report: (seconds: number) =>
      reports.write(`${JSON.stringify({ blockedMs: 1000 * seconds, claim: claimed.claim })}\n`),
    end: () => reports.end(),
  };
}

test("a blocked worker goes on without a lease while nobody takes its member", async () => {
  const { report, verdict, end } = await scene(0);
  report(100);
  end();
  expect(await verdict).toBeUndefined();
});

test("a blocked worker is killed when another has taken its member", async () => {
  const { report, verdict, populationStore } = await scene(0);
  await populationStore.claimMember(run, "b:1:1" as WorkerId, { leaseMs: 60_000 });
  report(100);
  expect(await verdict).toMatchObject({ kind: "lease lost", blocked: { blockedMs: 100_000 } });
});

test("a blocked worker is killed when its run is over or removed, or all leave", async () => {
  const [stopped, removed, leaving] = [await scene(), await scene(), await scene()];
  await stopped.populationStore.stop(run);
  await removed.populationStore.removeRun(run);
  leaving.stop();
  for (const { report, verdict } of [stopped, removed, leaving]) {
    report(3);
    expect(await verdict).toEqual({ kind: "ended" });
  }
});

test("a trainer that always blocks too long fails until its member is given up", async () => {
  const { populationStore, options: patient, report, verdict } = await scene();
  const options = { ...patient, patienceSeconds: 0 };
  report(301);
  let hung = await verdict;
  for (let failures = 1; failures <= 4; failures++) {
    if (hung?.kind !== "hung") throw new Error(hung?.kind);
    await recordHang(options, hung);
    const [member] = await populationStore.members(run);
    expect(member).toMatchObject({ failures, state: failures < 4 ? "active" : "failed" });
    const claimed = await populationStore.claimMember(run, worker, { leaseMs: 60_000 });
    if (claimed.kind === "claimed")
      hung = { kind: "hung", blocked: { ...hung.blocked, claim: claimed.claim } };
  }
  const { failures } = await populationStore.changes(run, beginning);
  expect(failures.map(({ message }) => message)).toEqual(
    Array(4).fill(expect.stringContaining("for 301 s, longer than stepTimeoutSeconds: 300")),
  );
});

test("a member whose trainer blocked its worker rests, and the next worker is told", async () => {
  const { populationStore, options, report, verdict } = await scene();
  report(301);
  const hung = await verdict;
  if (hung?.kind !== "hung") throw new Error(hung?.kind);
  await recordHang(options, hung);
  const [member] = await populationStore.members(run);
  expect(member!.restsUntil).toBeGreaterThan(Date.now());
  const first = hangAfter(undefined, hung.blocked, 300);
  expect(first).toMatchObject({ hangs: 1, member: 0, blockedMs: 301_000 });
  const again = hangAfter(first, { blockedMs: 302_000 }, 300);
  expect(again).toMatchObject({ hangs: 2, since: first.since });
  expect(hangAfter(again, hung.blocked, 300).hangs).toBe(1);
});
