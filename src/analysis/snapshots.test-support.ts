import type { Hyperparameters, Snapshot, SnapshotId } from "../algorithm/snapshot.ts";
import { memberOf } from "../algorithm/snapshot.ts";
import type { PublishedSnapshot } from "../population-store/population-store.ts";

/** A snapshot of a small tree made by hand: "1.2" from "0.1" is a copy unless said otherwise. */
export function snapshot(
  id: string,
  parent: string | undefined,
  given: Partial<Snapshot> & { readonly hyperparameters?: Hyperparameters } = {},
): PublishedSnapshot {
  const generation = given.generation ?? 0;
  const member = memberOf(id as SnapshotId);
  return {
    id: id as SnapshotId,
    member,
    kind:
      parent === undefined
        ? "initial"
        : memberOf(parent as SnapshotId) === member
          ? "trained"
          : "copied",
    ...(parent !== undefined && { parent: parent as SnapshotId }),
    generation,
    step: generation * 10,
    memberSteps: generation * 10,
    hyperparameters: { rate: 0.1 },
    metrics: {},
    publishedAt: 0,
    ...given,
  };
}

/**
 * Three members and three generations, published in this order. Member 1 copies member 0 after
 * generation 1, and member 0 copies member 1 after generation 2, so member 0's own second
 * generation is extinct; member 2 copies member 1 after generation 2.
 */
export const smallTree: readonly PublishedSnapshot[] = [
  snapshot("0.0", undefined),
  snapshot("1.0", undefined),
  snapshot("2.0", undefined),
  snapshot("0.1", "0.0", { generation: 1, score: 3, hyperparameters: { rate: 0.1 } }),
  snapshot("1.1", "1.0", { generation: 1, score: 1, hyperparameters: { rate: 0.5 } }),
  snapshot("2.1", "2.0", { generation: 1, score: 2, hyperparameters: { rate: 0.3 } }),
  snapshot("1.2", "0.1", {
    generation: 1,
    score: 3,
    hyperparameters: { rate: 0.2 },
    donor: "0.1" as SnapshotId,
  }),
  snapshot("0.2", "0.1", { generation: 2, score: 4, hyperparameters: { rate: 0.1 } }),
  snapshot("1.3", "1.2", { generation: 2, score: 6, hyperparameters: { rate: 0.2 } }),
  snapshot("2.2", "2.1", { generation: 2, score: 5, hyperparameters: { rate: 0.3 } }),
  snapshot("0.3", "1.3", {
    generation: 2,
    score: 6,
    hyperparameters: { rate: 0.4 },
    donor: "1.3" as SnapshotId,
  }),
  snapshot("2.3", "1.3", {
    generation: 2,
    score: 6,
    hyperparameters: { rate: 0.6 },
    donor: "1.3" as SnapshotId,
  }),
  snapshot("0.4", "0.3", { generation: 3, score: 9, hyperparameters: { rate: 0.4 } }),
  snapshot("1.4", "1.3", { generation: 3, score: 7, hyperparameters: { rate: 0.2 } }),
  snapshot("2.4", "2.3", { generation: 3, score: 8, hyperparameters: { rate: 0.6 } }),
];
