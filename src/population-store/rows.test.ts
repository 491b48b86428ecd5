import { expect, test } from "vitest";
import type { Row } from "../database/sql.ts";
import { decisions, failures, failuresInJson, notes, runOf, snapshotOf, workers } from "./rows.ts";

const snapshot: Row = {
  ...{
    member: 3,
    ordinal: 12,
    kind: "trained",
    parent: "3.11",
    donor: null,
    generation: 4,
    step: 40,
    member_steps: 40,
  },
  ...{
    hyperparameters: '{"rate":0.1}',
    checkpoint: null,
    score: 0.5,
    samples: null,
    metrics: '{"loss":null}',
  },
  ...{ worker: null, published_at: 1 },
};

test("a row is read, and a metric that is not finite is NaN", () => {
  expect(snapshotOf(snapshot)).toMatchObject({
    id: "3.12",
    hyperparameters: { rate: 0.1 },
    metrics: { loss: NaN },
  });
});

test.each(['{"rate":0.', "", "null", "3", "\u0000", null])(
  "a damaged row (%j) names its snapshot and a way out",
  (text) => {
    const says =
      "snapshot 3.12: its hyperparameters in the store cannot be read: the row is damaged";
    expect(() => snapshotOf({ ...snapshot, hyperparameters: text })).toThrow(says);
    expect(() => snapshotOf({ ...snapshot, metrics: "{" })).toThrow("snapshot 3.12: its metrics");
    expect(() => decisions.read({ snapshot: "3.12", donor: null, reason: text })).toThrow(
      "the decision about snapshot 3.12: its reason in the store cannot be read",
    );
    const failure = {
      member: 3,
      generation: 4,
      hyperparameters: text || "{",
      message: '"broken"',
      stack: text,
    };
    const failed = "a failure of member 3 in generation 4: its";
    if (text !== null) expect(() => failures.read(failure)).toThrow(`${failed} hyperparameters`);
    expect(() => failuresInJson.read({ ...failure, hyperparameters: null })).toThrow(
      `${failed} stack`,
    );
    expect(() => workers.read({ worker: "a:1:x", device: null, state: text })).toThrow(
      "worker a:1:x: its state",
    );
    expect(() => notes.read({ id: "digits-x7", note: text })).toThrow("run digits-x7: its note");
    expect(() => runOf({ id: "digits-x7", experiment: text })).toThrow(
      "run digits-x7: its experiment",
    );
  },
);
