/**
 * The data set: the quickstart's 1,797 handwritten digits of 8x8 pixels, in two halves that share
 * no picture. The generator and the classifier that steers selection learn from the first half,
 * the classifier that reports from the second.
 */
import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { Random } from "../random.ts";

export const WIDTH = 8;
export const PIXELS = WIDTH * WIDTH;
export const CLASSES = 10;

/** Pictures, one after another: ink [count x PIXELS], from 0 to 1, and labels [count]. */
export interface Pictures {
  readonly count: number;
  readonly ink: Float32Array<ArrayBuffer>;
  readonly labels: Int32Array<ArrayBuffer>;
}

/** `count` random pictures, with repetition. */
export function randomPictures(from: Pictures, count: number, random: Random): Pictures {
  return chosen(
    from,
    Array.from({ length: count }, () => random.integer(from.count)),
  );
}

function chosen(from: Pictures, which: readonly number[]): Pictures {
  const ink = new Float32Array(which.length * PIXELS);
  which.forEach((picture, i) => {
    ink.set(from.ink.subarray(picture * PIXELS, (picture + 1) * PIXELS), i * PIXELS);
  });
  return {
    count: which.length,
    ink,
    labels: Int32Array.from(which, (picture) => from.labels[picture]!),
  };
}

/** A line of the file holds the ink of 8x8 pixels, from 0 to 16, and the label. */
function readPictures(): Pictures {
  const file = new URL("../../quickstart/digits.csv.gz", import.meta.url);
  const lines = gunzipSync(readFileSync(file)).toString().trim().split("\n");
  const numbers = lines.map((line) => line.split(",").map(Number));
  return {
    count: lines.length,
    ink: Float32Array.from(
      numbers.flatMap((line) => line.slice(0, PIXELS).map((ink) => ink / 16)),
    ),
    labels: Int32Array.from(numbers.map((line) => line[PIXELS]!)),
  };
}

/** Every other picture of a random order, so that both halves have all writers and classes. */
function half(pictures: Pictures, which: 0 | 1): Pictures {
  const random = new Random(0);
  const order = Array.from({ length: pictures.count }, (_, i) => ({ i, key: random.uniform() }));
  order.sort((a, b) => a.key - b.key);
  return chosen(
    pictures,
    order.filter((_, place) => place % 2 === which).map(({ i }) => i),
  );
}

const all = readPictures();
export const steeringHalf = half(all, 0);
export const reportingHalf = half(all, 1);
