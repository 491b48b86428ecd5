import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { Random } from "../../random.ts";
import { Episodes } from "../episodes.ts";
import { acrobot } from "./acrobot.ts";
import { halfCheetah } from "./half-cheetah.ts";
import { invertedDoublePendulum } from "./inverted-double-pendulum.ts";
import { pendulum } from "./pendulum.ts";
import type { Task } from "./task.ts";

interface Trajectory {
  readonly task: string;
  readonly state: readonly number[];
  readonly actions: readonly number[][];
  readonly rewards: readonly number[];
  readonly ended: boolean;
  readonly observations: Readonly<Record<string, readonly number[]>>;
}

const trajectories: Trajectory[] = JSON.parse(
  readFileSync(new URL("trajectories.json", import.meta.url), "utf8"),
);
const tasks = [acrobot, pendulum, halfCheetah, invertedDoublePendulum];

/**
 * Gymnasium gives observations in single precision. The half-cheetah's feet meet the ground, where
 * differences of the last digit grow.
 */
const tolerances: Readonly<Record<string, number>> = {
  acrobot: 1e-5,
  pendulum: 1e-5,
  "half-cheetah": 1e-4,
  "inverted-double-pendulum": 1e-4,
};

test.each(trajectories)("$task follows Gymnasium's from $state", (recorded) => {
  const task = tasks.find(({ name }) => name === recorded.task)!;
  const tolerance = tolerances[task.name]!;
  const state = new Float64Array(task.stateSize);
  state.set(recorded.state);
  const observation = new Float32Array(task.observationSize);
  for (const [i, action] of recorded.actions.entries()) {
    expect(task.hasEnded(state)).toBe(false);
    const reward = task.step(state, Float32Array.from(action));
    expect(Math.abs(reward - recorded.rewards[i]!)).toBeLessThan(tolerance * 20);
    task.observe(state, observation);
    for (const [number, value] of (recorded.observations[i] ?? []).entries())
      expect(Math.abs(observation[number]! - value)).toBeLessThan(
        tolerance * Math.max(1, Math.abs(value)),
      );
  }
  expect(task.hasEnded(state)).toBe(recorded.ended);
});

test("trajectories reach an ending", () => {
  expect(trajectories.some(({ ended }) => ended)).toBe(true);
});

test.each(tasks)("the random policy earns about the zero of $name's normalised score", (task) => {
  const mean = meanReturnOfRandomPolicy(task, 40);
  const { random, reference } = task.returns;
  expect(Math.abs(mean - random) / (reference - random)).toBeLessThan(0.1);
});

test("an episode is cut short at its limit, and another begins", () => {
  const episodes = new Episodes(pendulum, 2, new Random(1));
  for (let i = 0; i < pendulum.episodeLimit - 1; i++) {
    expect(episodes.step(new Float32Array(2))).toEqual([]);
    expect(episodes.outcomes).toEqual(["goes on", "goes on"]);
  }
  const last = episodes.reached.slice();
  expect(episodes.step(new Float32Array(2))).toHaveLength(2);
  expect(episodes.outcomes).toEqual(["cut", "cut"]);
  expect(episodes.reached).not.toEqual(last);
  expect(episodes.observations).not.toEqual(episodes.reached);
  expect([...episodes.state.returns]).toEqual([0, 0]);
});

function meanReturnOfRandomPolicy(task: Task, count: number): number {
  const random = new Random(7);
  const episodes = new Episodes(task, 4, random);
  const returns: number[] = [];
  const { actions } = task;
  const width = actions.kind === "discrete" ? 1 : actions.size;
  const draw = () =>
    actions.kind === "discrete"
      ? random.integer(actions.count)
      : random.uniform(-actions.largest, actions.largest);
  while (returns.length < count)
    returns.push(...episodes.step(Float32Array.from({ length: 4 * width }, draw)));
  return returns.reduce((sum, value) => sum + value, 0) / returns.length;
}
