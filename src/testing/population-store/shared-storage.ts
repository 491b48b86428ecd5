/** Storage that several handles share. */
import { RunNotFoundError } from "../../population-store/population-store.ts";
import { assert, assertEqual, assertRejects } from "../assert.ts";
import {
  type Add,
  assertLost,
  claim,
  type OpenPopulationStore,
  publishTrained,
  worker,
} from "./scene.ts";

export function sharedStorageCases(add: Add, open: OpenPopulationStore): void {
  add(
    "what one handle does another sees, and claims are apart",
    {},
    async ({ store, id, clock }) => {
      await using other = await open({ now: () => clock.time });
      const first = await claim(store, id, worker(1));
      const second = await claim(other, id, worker(2));
      const { cursor } = await other.present(id);
      assert(first.member !== second.member, "two members");
      const waiting = other.waitForChange(other.mark(), 60_000);
      await new Promise((resolve) => setTimeout(resolve, 5));
      const trained = await publishTrained(store, first);
      await waiting;
      assertEqual((await other.members(id))[first.member]!.newest, trained, "newest");
      assertEqual((await other.news(id, cursor)).snapshots, [trained], "the news");
      await publishTrained(other, second);
    },
  );

  add(
    "a claim that another handle took over is fenced",
    { members: 1 },
    async ({ store, id, clock }) => {
      await using other = await open({ now: () => clock.time });
      const slow = await claim(store, id, worker(1), 1000);
      clock.time += 1000;
      const taken = await claim(other, id, worker(2), 1000);
      await assertLost(store, slow);
      await store.stop(id);
      await assertLost(other, taken);
    },
  );

  add("a run that another handle removed has ended", {}, async ({ store, id, clock }) => {
    await using other = await open({ now: () => clock.time });
    const held = await claim(store, id);
    await other.removeRun(id);
    await assertLost(store, held);
    assertEqual(
      await store.claimMember(id, worker(1), { leaseMs: 1000 }),
      { kind: "ended" },
      "claim",
    );
    await assertRejects(store.run(id), RunNotFoundError, "run");
  });
}
