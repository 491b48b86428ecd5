/**
 * How the actor and the critic learn from a batch: proximal policy optimisation (Schulman et al.
 * 2017) in jax-js.
 */
import { jit, nn, numpy as np, tree, valueAndGrad } from "@jax-js/jax";
import { initWasm } from "../../quickstart/wasm.ts";
import type { Random } from "../random.ts";
import {
  adam,
  clipped,
  type Joined,
  type JoinedShape,
  joined,
  type Moments,
  type Shapes,
  separate,
  type Weights,
  weightsFrom,
} from "../weights.ts";
import { actionWidth, HIDDEN, policyOutputs } from "./policy.ts";
import type { Task } from "./tasks/task.ts";

await initWasm();

const CLIP = 0.2;
const VALUE_COST = 0.5;
const LARGEST_GRADIENT = 0.5;

/**
 * Of n moves: what was seen [n, observationSize], what was done [n, numbers of an action], and how
 * it turned out [n].
 */
export interface Batch {
  readonly observations: np.Array;
  readonly actions: np.Array;
  readonly logProbabilities: np.Array;
  readonly advantages: np.Array;
  readonly targets: np.Array;
}

export type Update = ReturnType<typeof updateFor>;

/** One update of Adam, compiled. Consumes the arrays. */
export function updateFor(task: Task) {
  const { actions } = task;
  const shapes = shapesFor(task);
  const lossAndGradients: (
    weights: Weights<Shapes>,
    batch: Batch,
    entropyCost: np.Array,
  ) => [np.Array, Weights<Shapes>] = valueAndGrad(
    (weights: Weights<Shapes>, batch: Batch, entropyCost: np.Array) => {
      const outputs = network(weights, "actor", batch.observations.ref);
      const values = network(weights, "critic", batch.observations).reshape([-1]);
      const { logProbabilities, entropy } =
        actions.kind === "discrete"
          ? categorical(outputs, batch.actions.reshape([-1]), actions.count)
          : gaussian(outputs, weights.logDeviations!.ref, batch.actions);
      const ratios = np.exp(logProbabilities.sub(batch.logProbabilities));
      const unclipped = ratios.ref.mul(batch.advantages.ref);
      const within = np.clip(ratios, 1 - CLIP, 1 + CLIP).mul(batch.advantages);
      const gain = np.minimum(unclipped, within).mean();
      const error = np.square(values.sub(batch.targets)).mean();
      return error.mul(VALUE_COST).sub(gain).sub(entropy.mul(entropyCost));
    },
  );
  return jit(
    (
      weights: Joined,
      moments: Moments<JoinedShape>,
      batch: Batch,
      entropyCost: np.Array,
      rate: np.Array,
      fix1: np.Array,
      fix2: np.Array,
    ) => {
      const [loss, gradients] = lossAndGradients(
        separate(shapes, tree.ref(weights)),
        batch,
        entropyCost,
      );
      const limited = clipped(joined(gradients), LARGEST_GRADIENT);
      const updated = adam(weights, limited, moments, rate, fix1, fix2);
      return { ...updated, loss };
    },
  );
}

/** Observations [n, observationSize] to outputs [n, outputs]. */
function network(
  weights: Weights<Shapes>,
  name: "actor" | "critic",
  observations: np.Array,
): np.Array {
  const layer = (inputs: np.Array, number: 1 | 2 | 3) =>
    np.matmul(inputs, weights[`${name}${number}`]!.ref).add(weights[`${name}Bias${number}`]!.ref);
  return layer(np.tanh(layer(np.tanh(layer(observations, 1)), 2)), 3);
}

/** Logits [n, count] and what was chosen [n]. */
function categorical(logits: np.Array, chosen: np.Array, count: number) {
  const all = nn.logSoftmax(logits);
  const entropy = np.exp(all.ref).mul(all.ref).sum(-1).mean().mul(-1);
  return { logProbabilities: all.mul(nn.oneHot(chosen.astype(np.int32), count)).sum(-1), entropy };
}

/** Means [n, size], logarithms of standard deviations [size], and what was chosen [n, size]. */
function gaussian(means: np.Array, logDeviations: np.Array, chosen: np.Array) {
  const size = means.shape[1]!;
  const noise = chosen.sub(means).div(np.exp(logDeviations.ref));
  const sum = logDeviations.sum();
  const constant = 0.5 * size * Math.log(2 * Math.PI);
  const logProbabilities = np.square(noise).sum(-1).mul(-0.5).sub(sum.ref).sub(constant);
  return { logProbabilities, entropy: sum.add(constant + 0.5 * size) };
}

/**
 * The actor's layers, the critic's, and for continuous actions the logarithms of their standard
 * deviations.
 */
export function shapesFor({ observationSize, actions }: Task): Shapes {
  const layers = (name: string, outputs: number) => ({
    [`${name}1`]: [observationSize, HIDDEN],
    [`${name}Bias1`]: [HIDDEN],
    [`${name}2`]: [HIDDEN, HIDDEN],
    [`${name}Bias2`]: [HIDDEN],
    [`${name}3`]: [HIDDEN, outputs],
    [`${name}Bias3`]: [outputs],
  });
  return {
    ...layers("actor", policyOutputs(actions)),
    ...layers("critic", 1),
    ...(actions.kind === "continuous" && { logDeviations: [actionWidth(actions)] }),
  };
}

/**
 * Variance 2 / inputs between layers. The actor starts near a policy that does not look
 * (Andrychowicz et al. 2021).
 */
export function initialWeights(task: Task, random: Random): Joined {
  const weights = weightsFrom(shapesFor(task), ([inputs, outputs], name) => {
    if (outputs === undefined) return 0;
    const gain = name === "actor3" ? 0.01 : name === "critic3" ? 1 : Math.SQRT2;
    return (gain / Math.sqrt(inputs!)) * random.normal();
  });
  return joined(weights);
}
