/**
 * The quickstart: small networks learn to read real handwritten digits that lie anywhere in a
 * picture. No two training pictures are the same, and with batches this small the best learning
 * rate falls as training goes on, which no constant rate can follow and Population Based Training
 * can.
 */
import { jit, nn, numpy as np, tree, valueAndGrad } from "@jax-js/jax";
import {
  choice,
  defineExperiment,
  everySteps,
  logUniform,
  maximize,
  perturb,
  truncationSelection,
  uniform,
} from "clade";
import {
  drawPictures,
  PIXELS,
  type Pictures,
  Random,
  test,
  training,
  validation,
} from "./pictures.ts";
import { initWasm } from "./wasm.ts";

await initWasm();

interface DigitsHyperparameters {
  readonly learningRate: number;
  readonly dropout: number;
  readonly optimizer: "sgd" | "adam";
}

interface DigitsState {
  readonly weights: Float32Array;
  readonly firstMoment: Float32Array;
  readonly secondMoment: Float32Array;
  readonly optimizer: string;
  readonly updates: number;
  readonly seed: number;
  readonly random: number;
}

const HIDDEN1 = 128;
const HIDDEN2 = 64;
const CLASSES = 10;
const BATCH = 32;
const PARTS = 10;

class DigitsTrainer {
  #seed: number;
  readonly #random: Random;
  #weights: Weights;
  #moments: Moments = { first: zeros(), second: zeros() };
  #optimizer = "";
  #updates = 0;

  constructor({ seed }: { seed: number; hyperparameters: DigitsHyperparameters }) {
    this.#seed = seed;
    this.#random = new Random(seed);
    this.#weights = initialWeights(this.#random);
  }

  /** Trains on one batch of freshly drawn pictures. */
  async step({ learningRate, dropout, optimizer }: DigitsHyperparameters): Promise<void> {
    if (optimizer !== this.#optimizer) this.#startOptimizer(optimizer);
    this.#updates += 1;
    const batch = toArrays(drawPictures(training, BATCH, this.#random));
    const masks = {
      hidden1: dropoutMask([BATCH, HIDDEN1], dropout, this.#random),
      hidden2: dropoutMask([BATCH, HIDDEN2], dropout, this.#random),
    };
    const update = optimizer === "sgd" ? sgd : adam;
    const { weights, moments, loss } = update(
      this.#weights,
      this.#moments,
      batch,
      masks,
      learningRate,
      1 / (1 - 0.9 ** this.#updates),
      1 / (1 - 0.999 ** this.#updates),
    );
    this.#weights = weights;
    this.#moments = moments;
    await loss.data(); // jax-js is lazy: without this the work would pile up.
  }

  /**
   * Accuracy and mean cross-entropy on the validation pictures, and accuracy on the test pictures,
   * which steers nothing. The samples are the accuracies on ten parts of the validation pictures,
   * for `tTestSelection`.
   */
  async evaluate(): Promise<{
    accuracy: number;
    loss: number;
    testAccuracy: number;
    samples: number[];
  }> {
    const { accuracy, loss, parts } = await measure(this.#weights, VALIDATION);
    const { accuracy: testAccuracy } = await measure(this.#weights, TEST);
    return { accuracy, loss, testAccuracy, samples: parts };
  }

  /**
   * Everything that training depends on: restored for the same member it continues bit for bit.
   */
  async save(): Promise<DigitsState> {
    return {
      weights: await toFlat(this.#weights),
      firstMoment: await toFlat(this.#moments.first),
      secondMoment: await toFlat(this.#moments.second),
      optimizer: this.#optimizer,
      updates: this.#updates,
      seed: this.#seed,
      random: this.#random.state,
    };
  }

  /** Another member's weights go on with pictures of its own, or the two would stay doubles. */
  restore(state: DigitsState, { seed }: { seed: number }): void {
    this.dispose();
    this.#seed = seed;
    this.#weights = fromFlat(state.weights);
    this.#moments = { first: fromFlat(state.firstMoment), second: fromFlat(state.secondMoment) };
    this.#optimizer = state.optimizer;
    this.#updates = state.updates;
    this.#random.state =
      seed === state.seed ? state.random : new Random(seed ^ state.random).state;
  }

  /** jax-js arrays live in WebAssembly memory, which no garbage collector frees. */
  dispose(): void {
    tree.dispose(this.#weights);
    tree.dispose(this.#moments);
  }

  /** One optimizer's moments mean nothing to the other. */
  #startOptimizer(optimizer: string): void {
    tree.dispose(this.#moments);
    this.#moments = { first: zeros(), second: zeros() };
    this.#updates = 0;
    this.#optimizer = optimizer;
  }
}

// The network. A jax-js function consumes its arrays; `.ref` keeps one for another use.

const SHAPES = {
  w1: [PIXELS, HIDDEN1],
  b1: [HIDDEN1],
  w2: [HIDDEN1, HIDDEN2],
  b2: [HIDDEN2],
  w3: [HIDDEN2, CLASSES],
  b3: [CLASSES],
};
const PARAMETERS = Object.values(SHAPES).reduce((total, shape) => total + size(shape), 0);
type Weights = { [name in keyof typeof SHAPES]: np.Array };
type Moments = { first: Weights; second: Weights };
type Masks = { hidden1: np.Array; hidden2: np.Array };
type Batch = { images: np.Array; labels: np.Array };

/**
 * A multilayer perceptron with dropout (Srivastava et al. 2014): images [n, PIXELS] to logits [n,
 * CLASSES].
 */
function network({ w1, b1, w2, b2, w3, b3 }: Weights, images: np.Array, masks?: Masks): np.Array {
  let hidden = nn.relu(np.matmul(images, w1).add(b1));
  if (masks) hidden = hidden.mul(masks.hidden1);
  hidden = nn.relu(np.matmul(hidden, w2).add(b2));
  if (masks) hidden = hidden.mul(masks.hidden2);
  return np.matmul(hidden, w3).add(b3);
}

function crossEntropy(logits: np.Array, labels: np.Array): np.Array {
  return nn.logSoftmax(logits).mul(nn.oneHot(labels, CLASSES)).sum(-1).mean().mul(-1);
}

const lossAndGradients: (weights: Weights, batch: Batch, masks: Masks) => [np.Array, Weights] =
  valueAndGrad((weights: Weights, { images, labels }: Batch, masks: Masks) =>
    crossEntropy(network(weights, images, masks), labels),
  );

/** Stochastic gradient descent with momentum 0.9; the velocity is the first moment. */
const sgd = jit(
  (
    weights: Weights,
    moments: Moments,
    batch: Batch,
    masks: Masks,
    rate: np.Array,
    ...unused: np.Array[]
  ) => {
    const [loss, gradients] = lossAndGradients(tree.ref(weights), batch, masks);
    const first = mapWeights((m, g) => flushed(m.mul(0.9).add(g)), moments.first, gradients);
    const newWeights = mapWeights((w, m) => w.sub(m.ref.mul(rate.ref)), weights, first);
    tree.dispose([rate, ...unused]);
    return { weights: newWeights, moments: { first, second: moments.second }, loss };
  },
);

/**
 * Adam (Kingma and Ba 2015, algorithm 1); `fix1` and `fix2` correct the moments' bias: 1 / (1 -
 * beta^t).
 */
const adam = jit(
  (
    weights: Weights,
    moments: Moments,
    batch: Batch,
    masks: Masks,
    rate: np.Array,
    fix1: np.Array,
    fix2: np.Array,
  ) => {
    const [loss, gradients] = lossAndGradients(tree.ref(weights), batch, masks);
    const first = mapWeights(
      (m, g) => flushed(m.mul(0.9).add(g.ref.mul(0.1))),
      moments.first,
      gradients,
    );
    const second = mapWeights(
      (v, g) => flushed(v.mul(0.999).add(np.square(g).mul(0.001))),
      moments.second,
      gradients,
    );
    const newWeights = mapWeights(
      (w, m, v) => {
        const direction = m.ref.mul(fix1.ref).div(np.sqrt(v.ref.mul(fix2.ref)).add(1e-8));
        return w.sub(direction.mul(rate.ref));
      },
      weights,
      first,
      second,
    );
    tree.dispose([rate, fix1, fix2]);
    return { weights: newWeights, moments: { first, second }, loss };
  },
);

/**
 * 0 with probability `rate`, else 1 / (1 - rate): the expected activation stays what it is without
 * dropout.
 */
function dropoutMask(shape: [number, number], rate: number, random: Random): np.Array {
  const mask = new Float32Array(size(shape));
  for (let i = 0; i < mask.length; i++) mask[i] = random.uniform(0, 1) < rate ? 0 : 1 / (1 - rate);
  return np.array(mask).reshape(shape);
}

/** Tiny moments become zero: denormal numbers make a step twice as slow. */
function flushed(moment: np.Array): np.Array {
  return np.where(np.abs(moment.ref).greater(1e-30), moment, 0);
}

const accuracyAndLoss = jit((weights: Weights, { images, labels }: Batch) => {
  const logits = network(weights, images);
  const loss = crossEntropy(logits.ref, labels.ref);
  const isRight = np.argmax(logits, -1).equal(labels).astype(np.float32);
  return { accuracy: isRight.ref.mean(), loss, parts: isRight.reshape([PARTS, -1]).mean(1) };
});

async function measure(weights: Weights, batch: Batch) {
  const { accuracy, loss, parts } = accuracyAndLoss(tree.ref(weights), tree.ref(batch));
  return {
    accuracy: await toNumber(accuracy),
    loss: await toNumber(loss),
    parts: [...(await parts.data())],
  };
}

/** Images [n, PIXELS] and labels [n]. */
function toArrays({ count, ink, labels }: Pictures): Batch {
  return { images: np.array(ink).reshape([count, PIXELS]), labels: np.array(labels) };
}

async function toNumber(scalar: np.Array): Promise<number> {
  const [value = Number.NaN] = await scalar.data();
  return value;
}

/**
 * He initialization (He et al. 2015), uniform: a weight's variance is 2 / inputs. Biases start at
 * zero.
 */
function initialWeights(random: Random): Weights {
  const values = Object.values(SHAPES).flatMap((shape) => {
    const [inputs = 1, outputs] = shape;
    const bound = outputs === undefined ? 0 : Math.sqrt(6 / inputs);
    return Array.from({ length: size(shape) }, () => random.uniform(-bound, bound));
  });
  return fromFlat(Float32Array.from(values));
}

function zeros(): Weights {
  return fromFlat(new Float32Array(PARAMETERS));
}

function fromFlat(values: Float32Array): Weights {
  let start = 0;
  const arrays = Object.entries(SHAPES).map(([name, shape]) => {
    const end = start + size(shape);
    const array = np.array(values.slice(start, end)).reshape(shape);
    start = end;
    return [name, array];
  });
  return Object.fromEntries(arrays);
}

/** Reads the arrays without consuming them. */
async function toFlat({ w1, b1, w2, b2, w3, b3 }: Weights): Promise<Float32Array> {
  const values = new Float32Array(PARAMETERS);
  let start = 0;
  for (const array of [w1, b1, w2, b2, w3, b3]) {
    values.set(await array.ref.data(), start);
    start += array.size;
  }
  return values;
}

function mapWeights(
  f: (...arrays: np.Array[]) => np.Array,
  first: Weights,
  ...others: Weights[]
): Weights {
  return tree.map(f, first, ...others);
}

function size(shape: number[]): number {
  return shape.reduce((product, length) => product * length, 1);
}

const VALIDATION = toArrays(validation);
const TEST = toArrays(test);

export default defineExperiment({
  name: "digits",
  population: 8,
  hyperparameters: {
    learningRate: logUniform(1e-3, 1),
    dropout: uniform(0, 0.8),
    optimizer: choice("sgd", "adam"),
  },
  objective: maximize("accuracy"),
  ready: everySteps(250),
  exploit: truncationSelection({ fraction: 0.25 }),
  explore: perturb({ factors: [1 / 1.5, 1.5], resampleProbability: 0.25 }),
  budget: { stepsPerMember: 7000 },
  trainer: DigitsTrainer,
});
