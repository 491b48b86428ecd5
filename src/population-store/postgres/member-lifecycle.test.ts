import pg from "pg";
import { expect, test } from "vitest";
import { figure } from "../../../test/long.ts";
import { sharedPostgres } from "../../../test/servers/postgres-server.ts";
import { type Random, randomStream } from "../../algorithm/random.ts";
import { type CheckpointId, type Snapshot, snapshotId } from "../../algorithm/snapshot.ts";
import {
  decisionOn,
  description,
  failure,
  roots,
  trainedAfter,
  worker,
} from "../../testing/population-store/scene.ts";
import { keptSnapshots } from "../kept-checkpoints.ts";
import {
  afterClaim,
  afterFailure,
  afterPublication,
  afterRelease,
  afterResumption,
  isClaimable,
  type StoredMember,
  whyClaimIsLost,
} from "../member-lifecycle.ts";
import {
  type Claim,
  LeaseLostError,
  type MemberState,
  type PopulationStore,
  type Publication,
  type RunId,
} from "../population-store.ts";
import { members } from "../rows.ts";
import { postgresPopulationStore } from "./postgres-population-store.ts";

const server = await sharedPostgres();
const needs = server ? "" : " (needs PostgreSQL, and there is none for this machine)";

const id = "life-1" as RunId;
const time = 1_000_000;
const leaseMs = 500;
const restMs = 300;
const me = worker(1);

const begun: Snapshot = { ...roots(1)[0]!, id: snapshotId(0, 1), kind: "explored" };

/** A member of any kind, whose newest snapshot is its root. */
function anyMember(random: Random): StoredMember {
  const isClaimed = random.pick([true, false]);
  return {
    state: random.pick<MemberState>([
      "active",
      "active",
      "active",
      "finished",
      "stopped",
      "failed",
    ]),
    newest: 0,
    generation: 0,
    steps: random.integer(21),
    undecided: random.pick([true, false]),
    failures: random.integer(4),
    restarted: random.integer(4),
    fencingToken: 1 + random.integer(3),
    worker: isClaimed ? random.pick([me, worker(2)]) : null,
    until: random.pick([0, time - 1, time, time + 1, time + 1000]),
    reserved: isClaimed ? random.pick([null, "a" as CheckpointId]) : null,
    begun: isClaimed ? random.pick([null, begun]) : null,
  };
}

function anyPublication(random: Random): Publication {
  const snapshot = { ...trainedAfter(roots(1)[0]!), id: snapshotId(0, 1) };
  const { parent, ...fresh } = snapshot;
  const restarted: Snapshot = { ...fresh, kind: "restarted", generation: 4, step: 0 };
  const decision = decisionOn(roots(1)[0]!, "keep");
  const last = { ...snapshot, id: snapshotId(0, 2) };
  const isLast = random.pick([true, false]);
  const state = random.pick(["finished", "stopped"] as const);
  return random.pick<Publication>([
    { kind: "trained", snapshot, isLast },
    { kind: "trained", decision, from: begun, snapshot: last, isLast },
    { kind: "trained", decision, from: restarted, snapshot: last },
    { kind: "evaluated", from: begun, snapshot: last },
    { kind: "rescued", decision, snapshot: begun },
    { kind: "recovered", decision, snapshot },
    { kind: "left", state },
    { kind: "left", state, decision, snapshot },
    { kind: "ended", reason: "enough" },
  ]);
}

/**
 * What is done to a member, and what it is afterwards: undefined where nothing may be done to it.
 */
type Act = (store: PopulationStore, claim: Claim) => Promise<unknown>;
type After = (member: StoredMember) => StoredMember;

function anyAct(random: Random, claim: Claim): { readonly act: Act; readonly after: After } {
  const unlessLost = (after: After): After => {
    return (member) =>
      whyClaimIsLost(claim, member, "running") === undefined ? after(member) : member;
  };
  const publication = anyPublication(random);
  const state = random.pick<MemberState>(["active", "failed"]);
  return random.pick([
    {
      act: (store) => store.claimMember(id, me, { leaseMs }),
      after: (member) =>
        isClaimable(member, time) ? afterClaim(member, me, time + leaseMs) : member,
    },
    {
      act: (store) => store.publish(claim, publication),
      after: unlessLost((member) => afterPublication(member, publication)),
    },
    {
      act: (store) => store.recordFailure(claim, failure(0), state, restMs),
      after: unlessLost((member) => afterFailure(member, state, time + restMs)),
    },
    {
      act: (store) => store.releaseMember(claim, restMs),
      after: unlessLost((member) => afterRelease(member, time + restMs)),
    },
    {
      act: (store) => store.reserveCheckpoint(claim, "b" as CheckpointId),
      after: unlessLost((member) => ({ ...member, reserved: "b" as CheckpointId })),
    },
    {
      act: (store) => store.begin(claim, begun),
      after: unlessLost((member) => ({ ...member, begun })),
    },
    {
      act: (store) => store.renewLease(claim, leaseMs),
      after: unlessLost((member) => ({ ...member, until: time + leaseMs })),
    },
    {
      act: (store) => store.resume(id),
      after: (member) => afterResumption(member, undefined),
    },
    {
      act: (store) =>
        store.resume(id, { experiment: { ...description(), budget: { stepsPerMember: 10 } } }),
      after: (member) => afterResumption(member, 10),
    },
  ] satisfies { act: Act; after: After }[]);
}

test.skipIf(!server)(
  `what the database does to a member is what happens in its life${needs}`,
  async () => {
    const database = await server!.newDatabase();
    await using store = await postgresPopulationStore(database, { now: () => time });
    const client = new pg.Client(database);
    await client.connect();
    const read = async () => {
      const { rows } = await client.query("SELECT * FROM clade.members");
      const whole = Object.entries(rows[0]).map(([name, value]) => [
        name,
        typeof value === "string" && /^\d+$/.test(value) ? Number(value) : value,
      ]);
      return members.read(Object.fromEntries(whole));
    };
    for (let seed = 0; seed < figure(50, 400); seed++) {
      const random = randomStream(seed, "life");
      await store.createRun({ id, seed: 1, experiment: description() }, roots(1));
      const member = anyMember(random);
      const set = members.columns.map((name, index) => `${name} = $${index + 1}`);
      await client.query(`UPDATE clade.members SET ${set.join(", ")}`, members.values(member));
      const { undecided, failures, restarted, worker: held } = member;
      const claim: Claim = {
        run: id,
        worker: random.pick([held ?? me, held ?? me, worker(3)]),
        member: 0,
        fencingToken: member.fencingToken - random.pick([0, 0, 0, 0, 1]),
        newest: roots(1)[0]!,
        ...{ undecided, failures, restarted, hasFailed: false, elapsedMs: 0 },
      };
      const { act, after } = anyAct(random, claim);
      await act(store, claim).catch((error) => {
        if (!(error instanceof LeaseLostError)) throw error;
      });
      expect(await read(), `seed ${seed}: ${act}`).toEqual(after(member));
      await store.removeRun(id);
    }
    await client.end();
  },
);

test.skipIf(!server)(
  `what the database keeps of checkpoints is what is kept${needs}`,
  async () => {
    const database = await server!.newDatabase();
    await using store = await postgresPopulationStore(database);
    for (let seed = 0; seed < figure(15, 100); seed++) {
      const random = randomStream(seed, "kept");
      const [root] = roots(1);
      await store.createRun({ id, seed: 1, experiment: description() }, [root!]);
      const snapshots: Snapshot[] = [root!];
      for (let ordinal = 1; ordinal <= random.integer(8); ordinal++) {
        const kind = random.pick<Snapshot["kind"]>([
          "trained",
          "trained",
          "copied",
          "explored",
          "recovered",
          "evaluated",
        ]);
        const checkpoint = `${ordinal}` as CheckpointId;
        snapshots.push(
          trainedAfter(snapshots.at(-1)!, { id: snapshotId(0, ordinal), kind, checkpoint }),
        );
      }
      for (const snapshot of snapshots.slice(1)) {
        const claimed = await store.claimMember(id, me, { leaseMs: 60_000 });
        if (claimed.kind !== "claimed") throw new Error("the only member is free");
        await store.publish(claimed.claim, { kind: "trained", snapshot });
      }
      let kept: readonly CheckpointId[] = [];
      await store.collect(id, (live) => {
        kept = [...live];
      });
      const expected = [...keptSnapshots(snapshots.toReversed())].flatMap(
        ({ checkpoint }) => checkpoint ?? [],
      );
      expect(kept.toSorted(), snapshots.map(({ kind }) => kind).join()).toEqual(
        expected.toSorted(),
      );
      await store.removeRun(id);
    }
  },
);
