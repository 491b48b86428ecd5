import { maximize } from "clade";
import { expect, test } from "vitest";
import type { Claim } from "../../population-store/population-store.ts";
import type { WorkEvent } from "../../worker/worker.ts";
import { workLines } from "./worker-lines.ts";

/** The lines that a worker prints, without their times, and a clock that is set by hand. */
function scene(name = "") {
  const printed: string[] = [];
  let seconds = 0;
  const print = (line: string) => printed.push(line.replace(/^[\d-]+ [\d:]+ /, ""));
  const lines = workLines({ objective: maximize("accuracy") }, name, print, () => 1000 * seconds);
  const trained = (generation: number) =>
    lines.event({
      type: "snapshot",
      snapshot: { member: 3, generation, step: 100 * generation, score: 0.5 },
    } as WorkEvent);
  return { printed, lines, trained, pass: (more: number) => (seconds += more) };
}

test("each generation has a line with the member, its score and its donor", () => {
  const { printed, lines, trained, pass } = scene("worker 2");
  const decide = (donor?: string) =>
    lines.event({
      type: "decision",
      decision: { member: 3, kind: donor ? "copy" : "keep", donor },
    } as WorkEvent);
  trained(1);
  pass(20);
  decide("1.4");
  trained(2);
  pass(20);
  decide();
  trained(3);
  expect(printed).toEqual([
    "worker 2: member 3 ended generation 1: accuracy 0.5 at step 100",
    "worker 2: member 3 ended generation 2: accuracy 0.5 at step 200, after a copy of member 1",
    "worker 2: member 3 ended generation 3: accuracy 0.5 at step 300",
  ]);
});

test("quick generations are counted, and told with the next line", () => {
  const { printed, trained, pass } = scene();
  for (const generation of [1, 2, 3, 4]) trained(generation);
  pass(11);
  trained(5);
  expect(printed.slice(1)).toEqual([
    "member 3 ended generation 5: accuracy 0.5 at step 500; " +
      "3 generations more since the last line",
  ]);
});

test("a failure has a line at once, and a minute in silence one about what is going on", () => {
  const { printed, lines, trained, pass } = scene();
  const beat = () => {
    pass(61);
    lines.tick();
    lines.tick();
  };
  trained(1);
  lines.event({
    type: "failure",
    failure: { member: 3, generation: 1, message: "no memory" },
  } as WorkEvent);
  lines.holds({ member: 3, newest: { generation: 1 } } as Claim);
  beat();
  lines.holds(undefined);
  beat();
  expect(printed.slice(1)).toEqual([
    "member 3 failed in generation 2: no memory",
    "member 3 is in generation 2, for 61 s",
    "waits for other members",
  ]);
});
