/**
 * Trains the two classifiers and writes classifiers.bin, the same numbers every time:
 *
 *     npx node examples/paper/gan/train-classifiers.ts
 *
 * Then it prints what real pictures score, which is what a generator can hope for.
 */
import { writeFileSync } from "node:fs";
import { jit, nn, numpy as np, tree, valueAndGrad } from "@jax-js/jax";
import { Random } from "../random.ts";
import {
  adam,
  adamRates,
  type Moments,
  toFlat,
  toNumber,
  weightsFrom,
  zeroMoments,
} from "../weights.ts";
import {
  CLASSIFIER,
  CLASSIFIERS_FILE,
  type Classifier,
  classify,
  FEATURES,
  judge,
} from "./classifier.ts";
import { frechetDistance, gaussianOf, inceptionScore } from "./inception-score.ts";
import {
  CLASSES,
  PIXELS,
  type Pictures,
  randomPictures,
  reportingHalf,
  steeringHalf,
} from "./pictures.ts";

const BATCH = 64;
const UPDATES = 3000;
const LEARNING_RATE = 1e-3;
const NOISE = 0.3;

/**
 * With noise on the pictures, or the judge would be as certain about scribbles as about digits.
 */
async function train(pictures: Pictures, seed: number): Promise<Classifier> {
  const random = new Random(seed);
  let weights = weightsFrom(CLASSIFIER, ([inputs, outputs]) => {
    const bound = outputs === undefined ? 0 : Math.sqrt(6 / inputs!);
    return random.uniform(-bound, bound);
  });
  let moments = zeroMoments(CLASSIFIER);
  for (let updates = 1; updates <= UPDATES; updates++) {
    const { ink, labels } = randomPictures(pictures, BATCH, random);
    const noisy = np.array(ink.map((value) => value + random.uniform(-NOISE, NOISE)));
    const rates = adamRates(LEARNING_RATE * (1 - updates / (UPDATES + 1)), updates);
    const result = update(
      weights,
      moments,
      noisy.reshape([BATCH, PIXELS]),
      np.array(labels),
      ...rates,
    );
    ({ weights, moments } = result);
    await toNumber(result.loss); // jax-js is lazy: without this the work would pile up.
  }
  tree.dispose(moments);
  return weights;
}

const update = jit(
  (
    weights: Classifier,
    moments: Moments<typeof CLASSIFIER>,
    images: np.Array,
    labels: np.Array,
    rate: np.Array,
    fix1: np.Array,
    fix2: np.Array,
  ) => {
    const [loss, gradients] = valueAndGrad(crossEntropy)(tree.ref(weights), images, labels);
    const updated = adam(weights, gradients, moments, rate, fix1, fix2);
    tree.dispose([rate, fix1, fix2]);
    return { ...updated, loss };
  },
);

function crossEntropy(weights: Classifier, images: np.Array, labels: np.Array): np.Array {
  const { logits, features } = classify(weights, images);
  features.dispose();
  return nn.logSoftmax(logits).mul(nn.oneHot(labels, CLASSES)).sum(-1).mean().mul(-1);
}

async function bytes(classifier: Classifier): Promise<Uint8Array> {
  return new Uint8Array((await toFlat(classifier)).buffer);
}

/** What real pictures score that the classifier has not seen. */
async function printScores(
  name: string,
  classifier: Classifier,
  unseen: Pictures,
  seen: Pictures,
) {
  const judged = await judge(classifier, unseen.ink);
  const { features } = await judge(classifier, seen.ink);
  const isRight = unseen.labels.map((label, i) =>
    likeliest(judged.probabilities, i) === label ? 1 : 0,
  );
  const accuracy = isRight.reduce((sum, right) => sum + right, 0) / unseen.count;
  const score = inceptionScore(judged.probabilities, CLASSES);
  const distance = frechetDistance(
    gaussianOf(judged.features, FEATURES),
    gaussianOf(features, FEATURES),
  );
  console.log(
    `${name}: accuracy ${accuracy.toFixed(3)}, Inception score ${score.toFixed(2)}, Frechet ` +
      `distance ${distance.toFixed(2)}`,
  );
}

function likeliest(probabilities: Float32Array, picture: number): number {
  const own = probabilities.subarray(picture * CLASSES, (picture + 1) * CLASSES);
  return own.indexOf(Math.max(...own));
}

const steering = await train(steeringHalf, 1);
const reporting = await train(reportingHalf, 2);
writeFileSync(CLASSIFIERS_FILE, Buffer.concat([await bytes(steering), await bytes(reporting)]));
await printScores("steering", steering, reportingHalf, steeringHalf);
await printScores("reporting", reporting, steeringHalf, reportingHalf);
