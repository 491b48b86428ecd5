import type { Random } from "../../random.ts";
import { MujocoSimulation } from "./mujoco-simulation.ts";
import { clip, type Task } from "./task.ts";

const JOINTS = 9;
const FRAME_SKIP = 5;
const STEP_S = 0.01 * FRAME_SKIP;
const simulation = new MujocoSimulation(new URL("half_cheetah.xml", import.meta.url), {
  frameSkip: FRAME_SKIP,
});

/**
 * A cat of two legs shall run: the reward is its speed less the effort (Wawrzynski 2009;
 * Gymnasium's HalfCheetah-v5).
 */
export const halfCheetah: Task = {
  name: "half-cheetah",
  actions: { kind: "continuous", size: 6, largest: 1 },
  observationSize: 2 * JOINTS - 1,
  stateSize: 3 * JOINTS,
  episodeLimit: 1000,
  discount: 0.99,
  returns: { random: -280, reference: 4800 },

  reset(state: Float64Array, random: Random) {
    for (let i = 0; i < JOINTS; i++) state[i] = random.uniform(-0.1, 0.1);
    for (let i = 0; i < JOINTS; i++) state[JOINTS + i] = 0.1 * random.normal();
    state.fill(0, 2 * JOINTS);
  },

  step(state, action) {
    let effort = 0;
    for (let i = 0; i < action.length; i++) effort += clip(action[i]!, -1, 1) ** 2;
    const before = state[0]!;
    simulation.step(state, action);
    return (state[0]! - before) / STEP_S - 0.1 * effort;
  },

  hasEnded: () => false,

  /** Where it is on its way it does not know. */
  observe(state, observation) {
    for (let i = 1; i < 2 * JOINTS; i++) observation[i - 1] = state[i]!;
  },
};
