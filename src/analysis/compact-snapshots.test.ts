import { expect, test } from "vitest";
import type { SnapshotId, TreeSnapshot } from "../algorithm/snapshot.ts";
import { compactSnapshots } from "./compact-snapshots.ts";
import { smallTree, snapshot } from "./snapshots.test-support.ts";

test("a compact snapshot says of the tree what the snapshot says", async () => {
  const kinds = ["explored", "restarted", "evaluated", "recovered"] as const;
  const others = kinds.map((kind, index) =>
    snapshot(`3.${index}`, "12.345678", {
      kind,
      step: 2 ** 40 + 0.5,
      score: -0.25,
      donor: "7.8" as SnapshotId,
    }),
  );
  const given = [...smallTree, ...others];
  const pages = async function* () {
    yield given.slice(0, 2);
    yield given.slice(2);
  };
  expect((await compactSnapshots(pages())).map(plain)).toEqual(given.map(plain));
});

function plain(given: TreeSnapshot): TreeSnapshot {
  const {
    id,
    member,
    kind,
    parent,
    donor,
    generation,
    step,
    memberSteps,
    hyperparameters,
    score,
  } = given;
  return {
    ...{ id, member, kind, generation, step, memberSteps, hyperparameters },
    ...(parent !== undefined && { parent }),
    ...(donor !== undefined && { donor }),
    ...(score !== undefined && { score }),
  };
}
