/**
 * What the paper's three experiments share: named weights in jax-js, Adam, and the numbers that go
 * into a checkpoint. A jax-js function consumes its arrays; `.ref` keeps one for another use.
 */
import { numpy as np, tree } from "@jax-js/jax";

/** The shape of each array by its name. Their order is that of a checkpoint. */
export type Shapes = Readonly<Record<string, readonly number[]>>;
export type Weights<S extends Shapes> = { [name in keyof S]: np.Array };

/** Adam's moments, one for each weight. */
export type Moments<S extends Shapes> = {
  readonly first: Weights<S>;
  readonly second: Weights<S>;
};

/**
 * What `adam` needs beside the gradients: the learning rate, and the corrections of the moments'
 * bias, 1 / (1 - beta^updates).
 */
export function adamRates(
  learningRate: number,
  updates: number,
  beta1 = 0.9,
): [number, number, number] {
  return [learningRate, 1 / (1 - beta1 ** updates), 1 / (1 - 0.999 ** updates)];
}

/**
 * One update of Adam (Kingma and Ba 2015, algorithm 1), to be called within `jit`; consumes
 * everything but the rates.
 */
export function adam<S extends Shapes>(
  weights: Weights<S>,
  gradients: Weights<S>,
  { first, second }: Moments<S>,
  rate: np.Array,
  fix1: np.Array,
  fix2: np.Array,
  beta1 = 0.9,
): { weights: Weights<S>; moments: Moments<S> } {
  const newFirst = mapWeights(
    (m, g) => flushed(m.mul(beta1).add(g.mul(1 - beta1))),
    first,
    tree.ref(gradients),
  );
  const newSecond = mapWeights(
    (v, g) => flushed(v.mul(0.999).add(np.square(g).mul(0.001))),
    second,
    gradients,
  );
  const newWeights = mapWeights(
    (w, m, v) => {
      const direction = m.ref.mul(fix1.ref).div(np.sqrt(v.ref.mul(fix2.ref)).add(1e-8));
      return w.sub(direction.mul(rate.ref));
    },
    weights,
    newFirst,
    newSecond,
  );
  return { weights: newWeights, moments: { first: newFirst, second: newSecond } };
}

/**
 * Gradients scaled so that their joint norm is at most `most` (Pascanu et al. 2013); to be called
 * within `jit`.
 */
export function clipped<S extends Shapes>(gradients: Weights<S>, most: number): Weights<S> {
  const squares = Object.values(gradients).map((gradient) => np.square(gradient.ref).sum());
  const norm = np.sqrt(squares.reduce((total, square) => total.add(square)));
  const scale = np.minimum(np.array(most).div(norm.add(1e-6)), 1);
  const scaled = mapWeights((gradient) => gradient.mul(scale.ref), gradients);
  scale.dispose();
  return scaled;
}

/**
 * Tiny moments become zero: denormal numbers make a step twice as slow. NaN stays, so that it is
 * seen.
 */
function flushed(moment: np.Array): np.Array {
  return np.where(np.abs(moment.ref).less(1e-30), 0, moment);
}

/** Every number drawn by `draw`, from its array's shape and name. */
export function weightsFrom<S extends Shapes>(
  shapes: S,
  draw: (shape: readonly number[], name: string) => number,
): Weights<S> {
  const values = Object.entries(shapes).flatMap(([name, shape]) =>
    Array.from({ length: size(shape) }, () => draw(shape, name)),
  );
  return fromFlat(shapes, Float32Array.from(values));
}

export function zeros<S extends Shapes>(shapes: S): Weights<S> {
  return weightsFrom(shapes, () => 0);
}

export function zeroMoments<S extends Shapes>(shapes: S): Moments<S> {
  return { first: zeros(shapes), second: zeros(shapes) };
}

/** The inverse of `toFlat`. */
export function fromFlat<S extends Shapes>(shapes: S, values: Float32Array): Weights<S> {
  let start = 0;
  const arrays = Object.entries(shapes).map(([name, shape]) => {
    const end = start + size(shape);
    const array = np.array(values.slice(start, end)).reshape([...shape]);
    start = end;
    return [name, array];
  });
  return Object.fromEntries(arrays);
}

/**
 * All weights of a network in one array. Small networks spend most of a step between jax-js's
 * kernels, and this way Adam takes three of them, not three for each array: gan.ts has 76 kernels
 * a step and not 110.
 */
export type Joined = Weights<JoinedShape>;
export type JoinedShape = { readonly all: readonly [number] };

export function joinedShape(shapes: Shapes): JoinedShape {
  return { all: [Object.values(shapes).reduce((total, shape) => total + size(shape), 0)] };
}

/** All weights in one array, in the order of the names; consumes them. */
export function joined<S extends Shapes>(weights: Weights<S>): Joined {
  const arrays: np.Array[] = Object.values(weights);
  return { all: np.concatenate(arrays.map((array) => array.reshape([-1]))) };
}

/** The inverse of `joined`; consumes the array. */
export function separate<S extends Shapes>(shapes: S, { all }: Joined): Weights<S> {
  let start = 0;
  const arrays = Object.entries(shapes).map(([name, shape]) => {
    const end = start + size(shape);
    const array = all.ref.slice([start, end]).reshape([...shape]);
    start = end;
    return [name, array];
  });
  all.dispose();
  return Object.fromEntries(arrays);
}

/**
 * All numbers one after another, in the order of the names. Reads the arrays without consuming
 * them.
 */
export async function toFlat<S extends Shapes>(
  weights: Weights<S>,
): Promise<Float32Array<ArrayBuffer>> {
  const arrays: np.Array[] = Object.values(weights);
  const values = new Float32Array(arrays.reduce((total, array) => total + array.size, 0));
  let start = 0;
  for (const array of arrays) {
    values.set(await array.ref.data(), start);
    start += array.size;
  }
  return values;
}

export function mapWeights<S extends Shapes>(
  f: (...arrays: np.Array[]) => np.Array,
  first: Weights<S>,
  ...others: Weights<S>[]
): Weights<S> {
  return tree.map(f, first, ...others);
}

export async function toNumber(scalar: np.Array): Promise<number> {
  const [value = Number.NaN] = await scalar.data();
  return value;
}

function size(shape: readonly number[]): number {
  return shape.reduce((product, length) => product * length, 1);
}
