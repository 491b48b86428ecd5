import type { Random } from "../../random.ts";
import { clip, type Task } from "./task.ts";

const LENGTH = 1; // of the upper link; masses and moments of inertia are 1 too
const CENTRE = 0.5;
const GRAVITY = 9.8;
const STEP_S = 0.2;

/**
 * Two links hang from a pivot, and a torque at the joint between them shall swing the tip above a
 * line, in as few steps as possible (Sutton 1996; Gymnasium's Acrobot-v1). The state is two angles
 * and their velocities.
 */
export const acrobot: Task = {
  name: "acrobot",
  actions: { kind: "discrete", count: 3 },
  observationSize: 6,
  stateSize: 4,
  episodeLimit: 500,
  discount: 0.99,
  returns: { random: -499, reference: -100 },

  reset(state: Float64Array, random: Random) {
    for (let i = 0; i < 4; i++) state[i] = Math.fround(random.uniform(-0.1, 0.1));
  },

  step(state, [action]) {
    rungeKutta(state, action! - 1);
    state[0] = wrapped(state[0]!);
    state[1] = wrapped(state[1]!);
    state[2] = clip(state[2]!, -4 * Math.PI, 4 * Math.PI);
    state[3] = clip(state[3]!, -9 * Math.PI, 9 * Math.PI);
    return acrobot.hasEnded(state) ? 0 : -1;
  },

  hasEnded(state) {
    return -Math.cos(state[0]!) - Math.cos(state[1]! + state[0]!) > 1;
  },

  observe(state, observation) {
    observation[0] = Math.cos(state[0]!);
    observation[1] = Math.sin(state[0]!);
    observation[2] = Math.cos(state[1]!);
    observation[3] = Math.sin(state[1]!);
    observation[4] = state[2]!;
    observation[5] = state[3]!;
  },
};

// One for all copies, so that a step allocates nothing.
const point = new Float64Array(4);
const slopes = [
  new Float64Array(4),
  new Float64Array(4),
  new Float64Array(4),
  new Float64Array(4),
] as const;

/** One step of the classical method of fourth order. */
function rungeKutta(state: Float64Array, torque: number): void {
  const [k1, k2, k3, k4] = slopes;
  derivatives(state, torque, k1);
  move(state, k1, STEP_S / 2);
  derivatives(point, torque, k2);
  move(state, k2, STEP_S / 2);
  derivatives(point, torque, k3);
  move(state, k3, STEP_S);
  derivatives(point, torque, k4);
  for (let i = 0; i < 4; i++) {
    state[i] = state[i]! + (STEP_S / 6) * (k1[i]! + 2 * k2[i]! + 2 * k3[i]! + k4[i]!);
  }
}

function move(state: Float64Array, slope: Float64Array, seconds: number): void {
  for (let i = 0; i < 4; i++) point[i] = state[i]! + seconds * slope[i]!;
}

/** The equations of motion in Sutton and Barto's book. */
function derivatives(state: Float64Array, torque: number, slope: Float64Array): void {
  const angle1 = state[0]!;
  const angle2 = state[1]!;
  const velocity1 = state[2]!;
  const velocity2 = state[3]!;
  const cosine2 = Math.cos(angle2);
  const sine2 = Math.sin(angle2);
  const d1 = CENTRE ** 2 + (LENGTH ** 2 + CENTRE ** 2 + 2 * LENGTH * CENTRE * cosine2) + 2;
  const d2 = CENTRE ** 2 + LENGTH * CENTRE * cosine2 + 1;
  const phi2 = CENTRE * GRAVITY * Math.cos(angle1 + angle2 - Math.PI / 2);
  const phi1 =
    -LENGTH * CENTRE * velocity2 ** 2 * sine2 -
    2 * LENGTH * CENTRE * velocity2 * velocity1 * sine2 +
    (CENTRE + LENGTH) * GRAVITY * Math.cos(angle1 - Math.PI / 2) +
    phi2;
  const acceleration2 =
    (torque + (d2 / d1) * phi1 - LENGTH * CENTRE * velocity1 ** 2 * sine2 - phi2) /
    (CENTRE ** 2 + 1 - d2 ** 2 / d1);
  slope[0] = velocity1;
  slope[1] = velocity2;
  slope[2] = -(d2 * acceleration2 + phi1) / d1;
  slope[3] = acceleration2;
}

function wrapped(angle: number): number {
  let within = angle;
  while (within > Math.PI) within -= 2 * Math.PI;
  while (within < -Math.PI) within += 2 * Math.PI;
  return within;
}
