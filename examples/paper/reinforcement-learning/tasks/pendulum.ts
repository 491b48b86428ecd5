import type { Random } from "../../random.ts";
import { clip, type Task } from "./task.ts";

const STEP_S = 0.05;
const FASTEST = 8;
const STRONGEST = 2;

/**
 * A rod is swung up and held upright by a torque that is too weak to lift it at once (Gymnasium's
 * Pendulum-v1). The state is the angle from upright and its velocity. Gymnasium computes with the
 * action in single precision, hence `Math.fround`.
 */
export const pendulum: Task = {
  name: "pendulum",
  actions: { kind: "continuous", size: 1, largest: STRONGEST },
  observationSize: 3,
  stateSize: 2,
  episodeLimit: 200,
  discount: 0.99,
  returns: { random: -1200, reference: -150 },

  reset(state: Float64Array, random: Random) {
    state[0] = random.uniform(-Math.PI, Math.PI);
    state[1] = random.uniform(-1, 1);
  },

  step(state, [action]) {
    const angle = state[0]!;
    const velocity = state[1]!;
    const torque = clip(action!, -STRONGEST, STRONGEST);
    const cost =
      fromUpright(angle) ** 2 +
      0.1 * velocity ** 2 +
      Math.fround(Math.fround(0.001) * Math.fround(torque * torque));
    const faster = velocity + (15 * Math.sin(angle) + Math.fround(3 * torque)) * STEP_S;
    state[1] = clip(faster, -FASTEST, FASTEST);
    state[0] = angle + state[1] * STEP_S;
    return -cost;
  },

  hasEnded: () => false,

  observe(state, observation) {
    observation[0] = Math.cos(state[0]!);
    observation[1] = Math.sin(state[0]!);
    observation[2] = state[1]!;
  },
};

/**
 * The angle from -pi to pi; JavaScript's remainder has the sign of the dividend, Python's that of
 * the divisor.
 */
function fromUpright(angle: number): number {
  const turn = 2 * Math.PI;
  return ((((angle + Math.PI) % turn) + turn) % turn) - Math.PI;
}
