/** The time of a run: when at least one member is leased. */
import { elapsedMs } from "../../population-store/population-store.ts";
import { hasNotBegun } from "../../population-store/work-time.ts";
import { assert, assertEqual } from "../assert.ts";
import { type Add, claim, failure, type OpenScene, publishTrained, worker } from "./scene.ts";

const elapsed = async ({ store, id, clock }: OpenScene) =>
  elapsedMs(await store.run(id), clock.time);

export function runTimeCases(add: Add): void {
  add("a run without workers takes no time", {}, async (scene) => {
    const { store, id, clock } = scene;
    clock.time += 3_600_000;
    assertEqual(await elapsed(scene), 0, "time in a queue");
    assert(hasNotBegun(await store.run(id)), "a run without a claim has not begun");
    const first = await claim(store, id);
    assertEqual(first.elapsedMs, 0, "time at the first claim");
    assert(!hasNotBegun(await store.run(id)), "a run that is claimed has begun");
    clock.time += 70;
    assertEqual(await elapsed(scene), 70, "time while a member is claimed");
    await publishTrained(store, first);
    clock.time += 3_600_000;
    assertEqual(await elapsed(scene), 70, "time after everybody has left");
    const second = await claim(store, id);
    assertEqual(second.elapsedMs, 70, "time at the claim after a pause");
    clock.time += 30;
    await publishTrained(store, second, { ends: { reason: "enough" } });
    clock.time += 1_000;
    assertEqual(await elapsed(scene), 100, "time at the end");
  });

  add("members that are claimed at the same time count once", {}, async (scene) => {
    const { store, id, clock } = scene;
    const first = await claim(store, id, worker(1));
    clock.time += 10_000;
    const second = await claim(store, id, worker(2));
    assertEqual(second.elapsedMs, 10_000, "time at the second claim");
    clock.time += 10_000;
    await publishTrained(store, first);
    clock.time += 10_000;
    assertEqual((await claim(store, id, worker(3))).elapsedMs, 30_000, "time at the third claim");
    await publishTrained(store, second);
    assertEqual(await elapsed(scene), 30_000, "time");
  });

  add(
    "a worker that dies takes time until its lease runs out, and one that leaves until then",
    {},
    async (scene) => {
      const { store, id, clock } = scene;
      await claim(store, id, worker(1), 60_000);
      clock.time += 3_600_000;
      assertEqual(await elapsed(scene), 60_000, "time after a death");
      await store.releaseWorker(id, worker(1));
      assertEqual(
        await elapsed(scene),
        60_000,
        "time after the dead worker's members were given back",
      );
      const held = await claim(store, id, worker(2), 60_000);
      assertEqual(held.elapsedMs, 60_000, "time at the next claim");
      clock.time += 20_000;
      await store.releaseMember(held);
      clock.time += 3_600_000;
      assertEqual(await elapsed(scene), 80_000, "time after a worker has left");
      const failed = await claim(store, id, worker(3), 60_000);
      clock.time += 7_000;
      await store.recordFailure(failed, failure(failed.member), "active");
      clock.time += 3_600_000;
      assertEqual(await elapsed(scene), 87_000, "time after a failure");
    },
  );

  add("a resumed run goes on, without the time in which it was stopped", {}, async (scene) => {
    const { store, id, clock } = scene;
    await claim(store, id);
    clock.time += 100;
    await store.stop(id);
    clock.time += 10_000;
    assertEqual(await elapsed(scene), 100, "time of a stopped run");
    await store.resume(id);
    assertEqual((await store.run(id)).state, { kind: "running" }, "state");
    clock.time += 50_000;
    assertEqual(await elapsed(scene), 100, "time of a resumed run without workers");
    const again = await claim(store, id);
    clock.time += 50;
    assertEqual(await elapsed(scene), 150, "time of a run that is worked on again");
    await publishTrained(store, again);
  });

  add(
    "a run that was not stopped continues with the time that was worked on it",
    {},
    async (scene) => {
      const { store, id, clock } = scene;
      const held = await claim(store, id);
      clock.time += 300;
      await publishTrained(store, held);
      clock.time += 99_999;
      await store.resume(id);
      assertEqual(await elapsed(scene), 300, "time");
      clock.time += 50_000;
      await store.resume(id);
      assertEqual(await elapsed(scene), 300, "time after another crash");
      const next = await claim(store, id);
      clock.time += 40;
      await publishTrained(store, next);
      assertEqual(await elapsed(scene), 340, "time after more work");
    },
  );
}
