/**
 * A generative adversarial network (Goodfellow et al. 2014) that learns to write digits, with
 * separate learning rates for generator and discriminator, as in section 4.3 of the paper. How
 * fast each should learn depends on how far the other has come, so no pair of constants stays
 * right, and a wrong pair ends in collapse: a generator that writes the same scribble again and
 * again. Neither of the two losses shows that. Population Based Training selects by what comes
 * out, the Inception score.
 *
 *     npx clade run examples/paper/gan/gan.ts
 *     npx node examples/paper/gan/samples.ts           draws the best and the worst lineage
 *     npx clade study examples/paper/gan/study.yaml    PBT beside random search and selection only
 */
import { jit, nn, numpy as np, tree, valueAndGrad, vjp } from "@jax-js/jax";
import {
  defineExperiment,
  everySteps,
  logUniform,
  maximize,
  perturb,
  truncationSelection,
} from "clade";
import { initWasm } from "../../quickstart/wasm.ts";
import { Random } from "../random.ts";
import {
  adam,
  adamRates,
  fromFlat,
  type Joined,
  type JoinedShape,
  joined,
  joinedShape,
  type Moments,
  type Shapes,
  separate,
  toFlat,
  toNumber,
  type Weights,
  weightsFrom,
  zeroMoments,
} from "../weights.ts";
import { type Classifier, FEATURES, judge, readClassifiers } from "./classifier.ts";
import { frechetDistance, gaussianOf, inceptionScore } from "./inception-score.ts";
import { CLASSES, PIXELS, randomPictures, reportingHalf, steeringHalf } from "./pictures.ts";

await initWasm();

interface GanHyperparameters {
  readonly generatorRate: number;
  readonly discriminatorRate: number;
}

interface GanState {
  readonly generator: Float32Array;
  readonly generatorFirst: Float32Array;
  readonly generatorSecond: Float32Array;
  readonly discriminator: Float32Array;
  readonly discriminatorFirst: Float32Array;
  readonly discriminatorSecond: Float32Array;
  /** Pictures over time, [moments x ALBUM_PAGE x PIXELS], ink from 0 to 255. */
  readonly album: Uint8Array;
  readonly updates: number;
  readonly isBroken: boolean;
  readonly seed: number;
  readonly random: number;
}

const LATENT = 32;
const HIDDEN = 64;
const BATCH = 64;
/** Of Adam's first moment: 0.9 makes adversaries oscillate (Radford et al. 2016, section 4). */
const BETA1 = 0.5;
const PARTS = 10;
/**
 * After this number of steps the generator draws a page of pictures from the same latents, which
 * the checkpoint keeps: the samples of a lineage.
 */
export const ALBUM_STEPS = 250;
export const ALBUM_PAGE = 10;

export class GanTrainer {
  #seed: number;
  readonly #random: Random;
  #generator: Learner;
  #discriminator: Learner;
  #album = new Uint8Array();
  #updates = 0;
  #isBroken = false;

  constructor({ seed }: { seed: number; hyperparameters: GanHyperparameters }) {
    this.#seed = seed;
    this.#random = new Random(seed);
    this.#generator = newLearner(GENERATOR, this.#random);
    this.#discriminator = newLearner(DISCRIMINATOR, this.#random);
  }

  /** One update of the discriminator, then one of the generator. */
  async step({ generatorRate, discriminatorRate }: GanHyperparameters): Promise<void> {
    if (this.#isBroken) return;
    this.#updates += 1;
    const real = np
      .array(randomPictures(steeringHalf, BATCH, this.#random).ink)
      .reshape([BATCH, PIXELS]);
    const latents = drawLatents(BATCH, this.#random);
    const [, fix1, fix2] = adamRates(0, this.#updates, BETA1);
    const { generator, discriminator, loss } = update(
      this.#generator,
      this.#discriminator,
      { real, latents },
      { generatorRate, discriminatorRate, fix1, fix2 },
    );
    this.#generator = generator;
    this.#discriminator = discriminator;
    // jax-js is lazy: without the loss of every step the work would pile up.
    this.#isBroken = !Number.isFinite(await toNumber(loss));
    if (this.#updates % ALBUM_STEPS === 0) await this.#addPage();
  }

  /**
   * Inception score and Frechet distance of 2,000 generated pictures by the classifier that
   * steers; the samples are the scores of ten parts of them, for `tTestSelection`. In the last
   * evaluation the score of 5,000 others chooses the best model, and what the other classifier
   * says about yet others is reported: it has steered and chosen nothing. All are NaN when
   * training has broken down.
   *
   * Real pictures that the reporting classifier has not seen score 9.08 and have a distance of
   * 0.52; a new generator scores 1.5 and 75.
   */
  async evaluate({ final }: { final: boolean }) {
    const judged = await judge(STEERING, await write(this.#generator.weights, LATENTS.steering));
    const measured = {
      inceptionScore: inceptionScore(judged.probabilities, CLASSES),
      frechetDistance: frechetDistance(gaussianOf(judged.features, FEATURES), REAL.steering),
      samples: parts(judged.probabilities).map((part) => inceptionScore(part, CLASSES)),
    };
    if (!final) return measured;
    const choosing = await judge(STEERING, await write(this.#generator.weights, LATENTS.choosing));
    const reporting = await judge(
      REPORTING,
      await write(this.#generator.weights, LATENTS.reporting),
    );
    return {
      ...measured,
      finalInceptionScore: inceptionScore(choosing.probabilities, CLASSES),
      testInceptionScore: inceptionScore(reporting.probabilities, CLASSES),
      testFrechetDistance: frechetDistance(
        gaussianOf(reporting.features, FEATURES),
        REAL.reporting,
      ),
    };
  }

  /**
   * Everything that training depends on: restored for the same member it continues bit for bit.
   */
  async save(): Promise<GanState> {
    return {
      generator: await toFlat(this.#generator.weights),
      generatorFirst: await toFlat(this.#generator.moments.first),
      generatorSecond: await toFlat(this.#generator.moments.second),
      discriminator: await toFlat(this.#discriminator.weights),
      discriminatorFirst: await toFlat(this.#discriminator.moments.first),
      discriminatorSecond: await toFlat(this.#discriminator.moments.second),
      album: this.#album,
      updates: this.#updates,
      isBroken: this.#isBroken,
      seed: this.#seed,
      random: this.#random.state,
    };
  }

  /** Another member's weights go on with batches of its own, or the two would stay doubles. */
  restore(state: GanState, { seed }: { seed: number }): void {
    this.dispose();
    this.#seed = seed;
    this.#generator = learner(
      GENERATOR,
      state.generator,
      state.generatorFirst,
      state.generatorSecond,
    );
    this.#discriminator = learner(
      DISCRIMINATOR,
      state.discriminator,
      state.discriminatorFirst,
      state.discriminatorSecond,
    );
    this.#album = Uint8Array.from(state.album);
    this.#updates = state.updates;
    this.#isBroken = state.isBroken;
    this.#random.state =
      seed === state.seed ? state.random : new Random(seed ^ state.random).state;
  }

  /** jax-js arrays live in WebAssembly memory, which no garbage collector frees. */
  dispose(): void {
    tree.dispose([this.#generator, this.#discriminator]);
  }

  async #addPage(): Promise<void> {
    const page = (await write(this.#generator.weights, LATENTS.album)).map((ink) => 255 * ink);
    const album = new Uint8Array(this.#album.length + page.length);
    album.set(this.#album);
    album.set(page, this.#album.length);
    this.#album = album;
  }
}

// The two networks. A jax-js function consumes its arrays; `.ref` keeps one for another use.

const GENERATOR = {
  w1: [LATENT, HIDDEN],
  b1: [HIDDEN],
  w2: [HIDDEN, HIDDEN],
  b2: [HIDDEN],
  w3: [HIDDEN, PIXELS],
  b3: [PIXELS],
};
const DISCRIMINATOR = {
  w1: [PIXELS, HIDDEN],
  b1: [HIDDEN],
  w2: [HIDDEN, HIDDEN],
  b2: [HIDDEN],
  w3: [HIDDEN, 1],
  b3: [1],
};
type Generator = Weights<typeof GENERATOR>;
type Discriminator = Weights<typeof DISCRIMINATOR>;

/** Latents [n, LATENT] to pictures [n, PIXELS], ink from 0 to 1. */
function generate({ w1, b1, w2, b2, w3, b3 }: Generator, latents: np.Array): np.Array {
  const hidden1 = nn.relu(np.matmul(latents, w1).add(b1));
  const hidden2 = nn.relu(np.matmul(hidden1, w2).add(b2));
  return nn.sigmoid(np.matmul(hidden2, w3).add(b3));
}

/** Pictures [n, PIXELS] to logits [n, 1]: positive where it takes them for real. */
function discriminate({ w1, b1, w2, b2, w3, b3 }: Discriminator, pictures: np.Array): np.Array {
  const hidden1 = nn.leakyRelu(np.matmul(pictures, w1).add(b1), 0.2);
  const hidden2 = nn.leakyRelu(np.matmul(hidden1, w2).add(b2), 0.2);
  return np.matmul(hidden2, w3).add(b3);
}

/** Cross-entropy of telling real pictures from generated ones. */
function discriminatorLoss(weights: Discriminator, real: np.Array, generated: np.Array): np.Array {
  const logits = discriminate(weights, np.concatenate([real, generated]));
  const signs = np.concatenate([np.ones([BATCH, 1]).mul(-1), np.ones([BATCH, 1])]);
  return nn.softplus(logits.mul(signs)).mean();
}

/**
 * The loss that does not saturate (Goodfellow et al. 2014, section 3): -log of the probability
 * that generated pictures are real.
 */
function generatorLoss(generated: np.Array, discriminator: Discriminator): np.Array {
  return nn.softplus(discriminate(discriminator, generated).mul(-1)).mean();
}

interface Learner {
  readonly weights: Joined;
  readonly moments: Moments<JoinedShape>;
}

const update = jit(
  (
    generator: Learner,
    discriminator: Learner,
    { real, latents }: { real: np.Array; latents: np.Array },
    rates: {
      generatorRate: np.Array;
      discriminatorRate: np.Array;
      fix1: np.Array;
      fix2: np.Array;
    },
  ) => {
    const { generatorRate, discriminatorRate, fix1, fix2 } = rates;
    const learn = ({ weights, moments }: Learner, gradients: Joined, rate: np.Array) =>
      adam(weights, gradients, moments, rate, fix1, fix2, BETA1);
    const [generated, backward] = vjp(
      (weights: Generator) => generate(weights, latents.ref),
      [separate(GENERATOR, tree.ref(generator.weights))],
    );
    const [loss1, discriminatorGradients] = valueAndGrad(discriminatorLoss)(
      separate(DISCRIMINATOR, tree.ref(discriminator.weights)),
      real,
      generated.ref,
    );
    const newDiscriminator = learn(
      discriminator,
      joined(discriminatorGradients),
      discriminatorRate,
    );
    const [loss2, towardsReal] = valueAndGrad(generatorLoss)(
      generated,
      separate(DISCRIMINATOR, tree.ref(newDiscriminator.weights)),
    );
    const [generatorGradients] = backward(towardsReal);
    const newGenerator = learn(generator, joined(generatorGradients), generatorRate);
    tree.dispose([rates, latents]);
    return { generator: newGenerator, discriminator: newDiscriminator, loss: loss1.add(loss2) };
  },
);

const generateOnly = jit((generator: Joined, latents: np.Array) =>
  generate(separate(GENERATOR, generator), latents),
);

/** Pictures from latents, both of which stay, [n x PIXELS]. */
async function write(generator: Joined, latents: np.Array): Promise<Float32Array<ArrayBuffer>> {
  return (await generateOnly(
    tree.ref(generator),
    latents.ref,
  ).data()) as Float32Array<ArrayBuffer>;
}

/**
 * He initialization (He et al. 2015), uniform: a weight's variance is 2 / inputs. Biases start at
 * zero.
 */
function newLearner(shapes: Shapes, random: Random): Learner {
  const weights = weightsFrom(shapes, ([inputs, outputs]) => {
    const bound = outputs === undefined ? 0 : Math.sqrt(6 / inputs!);
    return random.uniform(-bound, bound);
  });
  return { weights: joined(weights), moments: zeroMoments(joinedShape(shapes)) };
}

function learner(
  shapes: Shapes,
  weights: Float32Array,
  first: Float32Array,
  second: Float32Array,
): Learner {
  const joined = (values: Float32Array) => fromFlat(joinedShape(shapes), values);
  return { weights: joined(weights), moments: { first: joined(first), second: joined(second) } };
}

/** Uniform in [-1, 1), [count, LATENT]. */
function drawLatents(count: number, random: Random): np.Array {
  const latents = new Float32Array(count * LATENT);
  for (let i = 0; i < latents.length; i++) latents[i] = random.uniform(-1, 1);
  return np.array(latents).reshape([count, LATENT]);
}

/** In PARTS equal parts. */
function parts(probabilities: Float32Array): Float32Array[] {
  const length = probabilities.length / PARTS;
  return Array.from({ length: PARTS }, (_, part) =>
    probabilities.subarray(part * length, (part + 1) * length),
  );
}

// The same latents for every member, so that a score is never a matter of lucky draws; other ones
// for each purpose.
const LATENTS = {
  steering: drawLatents(2000, new Random(1)),
  choosing: drawLatents(5000, new Random(2)),
  reporting: drawLatents(5000, new Random(3)),
  album: drawLatents(ALBUM_PAGE, new Random(4)),
};
const [STEERING, REPORTING] = readClassifiers();
const REAL = {
  steering: await realFeatures(STEERING, steeringHalf.ink),
  reporting: await realFeatures(REPORTING, reportingHalf.ink),
};

async function realFeatures(classifier: Classifier, ink: Float32Array<ArrayBuffer>) {
  const { features } = await judge(classifier, ink);
  return gaussianOf(features, FEATURES);
}

export default defineExperiment({
  name: "gan",
  population: 10,
  // Wide, as one writes it who does not know: a generator much faster than its discriminator
  // collapses, and two slow ones get nowhere.
  hyperparameters: {
    generatorRate: logUniform(1e-5, 1e-2),
    discriminatorRate: logUniform(1e-5, 1e-2),
  },
  objective: maximize("inceptionScore", { final: "finalInceptionScore" }),
  ready: everySteps(125),
  exploit: truncationSelection({ fraction: 0.2 }),
  explore: perturb({ factors: [0.5, 2] }),
  budget: { stepsPerMember: 5000 },
  trainer: GanTrainer,
});
