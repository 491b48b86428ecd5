import type { Random } from "../../random.ts";
import { MujocoSimulation } from "./mujoco-simulation.ts";
import { clip, type Task } from "./task.ts";

const JOINTS = 3;
const simulation = new MujocoSimulation(new URL("inverted_double_pendulum.xml", import.meta.url), {
  frameSkip: 5,
  also: ["site_xpos", "qfrc_constraint"],
});
/** Where the tip is in a state: across, along, up. */
const TIP = 3 * JOINTS;
/** The force of the rail's end on the cart. */
const FORCE = TIP + 3;
const FALLEN = 1;

/**
 * A cart balances two poles, one on top of the other: the reward is 10 for every move that they
 * stand, less what the tip is off and how fast they turn (Gymnasium's InvertedDoublePendulum-v5).
 */
export const invertedDoublePendulum: Task = {
  name: "inverted-double-pendulum",
  actions: { kind: "continuous", size: 1, largest: 1 },
  observationSize: 9,
  stateSize: FORCE + JOINTS,
  episodeLimit: 1000,
  discount: 0.99,
  returns: { random: 47, reference: 9300 },

  reset(state: Float64Array, random: Random) {
    state.fill(0);
    for (let i = 0; i < JOINTS; i++) state[i] = random.uniform(-0.1, 0.1);
    for (let i = 0; i < JOINTS; i++) state[JOINTS + i] = 0.1 * random.normal();
    state[TIP + 2] = 1.2;
  },

  step(state, action) {
    simulation.step(state, action);
    const [x, height] = [state[TIP]!, state[TIP + 2]!];
    const [lower, upper] = [state[JOINTS + 1]!, state[JOINTS + 2]!];
    const off = 0.01 * x ** 2 + (height - 2) ** 2;
    const turning = 1e-3 * lower ** 2 + 5e-3 * upper ** 2;
    return (height > FALLEN ? 10 : 0) - off - turning;
  },

  hasEnded: (state) => state[TIP + 2]! <= FALLEN,

  observe(state, observation) {
    observation[0] = state[0]!;
    for (let i = 1; i < JOINTS; i++) {
      observation[i] = Math.sin(state[i]!);
      observation[i + 2] = Math.cos(state[i]!);
    }
    for (let i = 0; i < JOINTS; i++) observation[5 + i] = clip(state[JOINTS + i]!, -10, 10);
    observation[8] = clip(state[FORCE]!, -10, 10);
  },
};
