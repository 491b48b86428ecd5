/**
 * The judges of generated pictures: two small networks that read digits, trained on disjoint
 * halves of the pictures by train-classifiers.ts. The first steers selection, and the second
 * reports, so that nothing is rewarded for fooling the one that steered.
 */
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { jit, nn, numpy as np, tree } from "@jax-js/jax";
import { initWasm } from "../../quickstart/wasm.ts";
import { fromFlat, type Weights } from "../weights.ts";
import { CLASSES, PIXELS } from "./pictures.ts";

await initWasm();

export const FEATURES = 32;
export const CLASSIFIER = {
  w1: [PIXELS, 64],
  b1: [64],
  w2: [64, FEATURES],
  b2: [FEATURES],
  w3: [FEATURES, CLASSES],
  b3: [CLASSES],
};
export type Classifier = Weights<typeof CLASSIFIER>;
export const CLASSIFIERS_FILE = new URL("classifiers.bin", import.meta.url);

/**
 * What a classifier makes of pictures, one after another: probabilities [count x CLASSES] and
 * features [count x FEATURES].
 */
export interface Judgement {
  readonly probabilities: Float32Array;
  readonly features: Float32Array;
}

/** Judges pictures [count x PIXELS]. */
export async function judge(
  classifier: Classifier,
  ink: Float32Array<ArrayBuffer>,
): Promise<Judgement> {
  const pictures = np.array(ink).reshape([-1, PIXELS]);
  const { probabilities, features } = forward(tree.ref(classifier), pictures);
  return {
    probabilities: (await probabilities.data()) as Float32Array,
    features: (await features.data()) as Float32Array,
  };
}

const forward = jit((classifier: Classifier, pictures: np.Array) => {
  const { logits, features } = classify(classifier, pictures);
  return { probabilities: nn.softmax(logits), features };
});

/**
 * Pictures [n, PIXELS] to logits [n, CLASSES], and to the last hidden layer, [n, FEATURES], which
 * the Frechet distance compares.
 */
export function classify({ w1, b1, w2, b2, w3, b3 }: Classifier, pictures: np.Array) {
  const hidden = nn.relu(np.matmul(pictures, w1).add(b1));
  const features = nn.relu(np.matmul(hidden, w2).add(b2));
  return { logits: np.matmul(features.ref, w3).add(b3), features };
}

/** The classifier that steers, and the one that reports. */
export function readClassifiers(file = CLASSIFIERS_FILE): [Classifier, Classifier] {
  if (!existsSync(file))
    throw new Error(
      `${fileURLToPath(file)} is missing; make it with: npx node ` +
        "examples/paper/gan/train-classifiers.ts",
    );
  const values = new Float32Array(new Uint8Array(readFileSync(file)).buffer);
  const half = values.length / 2;
  return [fromFlat(CLASSIFIER, values.slice(0, half)), fromFlat(CLASSIFIER, values.slice(half))];
}
