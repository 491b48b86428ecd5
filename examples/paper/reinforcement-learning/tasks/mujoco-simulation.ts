/**
 * MuJoCo (Todorov et al. 2012) compiled to WebAssembly. One model serves all copies of a task:
 * their states are loaded before a step and read after it. Beside positions and velocities a state
 * has the last accelerations, where MuJoCo's solver starts, or a restored copy would differ in the
 * last digits, and what else a task looks at.
 */
import { readFileSync } from "node:fs";
import loadMujoco, { type MainModule } from "mujoco-js";

const mujoco: MainModule = await loadMujoco();

/** The places of sites, or the forces of constraints. */
type Also = "site_xpos" | "qfrc_constraint";

export class MujocoSimulation {
  readonly #model;
  readonly #data;
  readonly #frameSkip: number;
  readonly #also: readonly Also[];
  /** Positions, velocities, and accelerations where the solver starts, and the rest. */
  #parts: readonly Float64Array[] = [];
  #control = new Float64Array();

  constructor(
    model: URL,
    { frameSkip, also = [] }: { frameSkip: number; also?: readonly Also[] },
  ) {
    const name = model.pathname.split("/").at(-1)!;
    mujoco.FS.writeFile(name, readFileSync(model));
    this.#model = mujoco.MjModel.loadFromXML(name);
    this.#data = new mujoco.MjData(this.#model);
    this.#frameSkip = frameSkip;
    this.#also = also;
  }

  /**
   * Physics steps as often as an action is repeated. Actions are clipped to the range of the
   * motors, -1 to 1.
   */
  step(state: Float64Array, action: Float32Array): void {
    if (this.#control.length === 0) this.#look();
    let from = 0;
    for (const part of this.#parts) {
      for (let i = 0; i < part.length; i++) part[i] = state[from++]!;
    }
    for (let i = 0; i < action.length; i++) this.#control[i] = action[i]!;
    for (let i = 0; i < this.#frameSkip; i++) mujoco.mj_step(this.#model, this.#data);
    let to = 0;
    for (const part of this.#parts) {
      for (let i = 0; i < part.length; i++) state[to++] = part[i]!;
    }
  }

  /** Views of MuJoCo's memory, which lose it when it grows: when another model is loaded. */
  #look(): void {
    const { qpos, qvel, qacc_warmstart, ctrl } = this.#data;
    this.#parts = [qpos, qvel, qacc_warmstart, ...this.#also.map((name) => this.#data[name])];
    this.#control = ctrl;
  }
}
