import { memberOf, ordinalOf, type SnapshotId } from "../algorithm/snapshot.ts";

/** Finds a value by a snapshot's id, in an eighth of the memory of a Map by id: snapshots of a member are numbered. */
export class SnapshotIndex<V> {
  readonly #members: V[][] = [];

  set(id: SnapshotId, value: V): void {
    const member = memberOf(id);
    this.#members[member] ??= [];
    this.#members[member][ordinalOf(id)] = value;
  }

  get(id: SnapshotId | undefined): V | undefined {
    return id === undefined ? undefined : this.#members[memberOf(id)]?.[ordinalOf(id)];
  }
}
