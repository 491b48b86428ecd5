/**
 * How good generated pictures are, by what a classifier makes of them: the Inception score and the
 * Frechet distance.
 */

/**
 * exp(E[KL(p(label | picture) || p(label))]) (Salimans et al. 2016, section 4): 1 when every
 * picture is judged alike, as when the generator has collapsed, and the number of classes when
 * every picture is a clear case and all classes are equally frequent. Probabilities are [count x
 * classes].
 */
export function inceptionScore(probabilities: ArrayLike<number>, classes: number): number {
  const count = probabilities.length / classes;
  const marginal = new Float64Array(classes);
  let negativeEntropy = 0;
  for (let i = 0; i < probabilities.length; i++) {
    const p = probabilities[i]!;
    marginal[i % classes]! += p / count;
    negativeEntropy += timesLog(p) / count;
  }
  return Math.exp(negativeEntropy - marginal.reduce((sum, p) => sum + timesLog(p), 0));
}

/** p log p, which tends to 0 with p. */
function timesLog(p: number): number {
  return p === 0 ? 0 : p * Math.log(p);
}

/** Mean [size] and covariance [size x size] of features. */
export interface Gaussian {
  readonly mean: Float64Array;
  readonly covariance: Float64Array;
}

/** Features are [count x size]. */
export function gaussianOf(features: ArrayLike<number>, size: number): Gaussian {
  const count = features.length / size;
  const mean = new Float64Array(size);
  for (let i = 0; i < features.length; i++) mean[i % size]! += features[i]! / count;
  const covariance = new Float64Array(size * size);
  const centred = new Float64Array(size);
  for (let picture = 0; picture < count; picture++) {
    for (let i = 0; i < size; i++) centred[i] = features[picture * size + i]! - mean[i]!;
    for (let i = 0; i < size; i++)
      for (let j = 0; j <= i; j++)
        covariance[i * size + j]! += (centred[i]! * centred[j]!) / count;
  }
  for (let i = 0; i < size; i++)
    for (let j = 0; j < i; j++) covariance[j * size + i] = covariance[i * size + j]!;
  return { mean, covariance };
}

/**
 * |m1 - m2|^2 + tr(C1 + C2 - 2 (C1 C2)^(1/2)) (Heusel et al. 2017, section 1): the squared
 * Wasserstein distance between two Gaussians. The root of C1 C2 has the trace of the root of the
 * symmetric C1^(1/2) C2 C1^(1/2).
 */
export function frechetDistance(a: Gaussian, b: Gaussian): number {
  const size = a.mean.length;
  let distance = 0;
  for (let i = 0; i < size; i++) {
    const diagonal = i * size + i;
    distance += (a.mean[i]! - b.mean[i]!) ** 2 + a.covariance[diagonal]! + b.covariance[diagonal]!;
  }
  const root = squareRoot(a.covariance, size);
  const { values } = eigen(product(product(root, b.covariance, size), root, size), size);
  return distance - 2 * values.reduce((sum, value) => sum + Math.sqrt(Math.max(value, 0)), 0);
}

/** The symmetric root of a symmetric positive semi-definite matrix. */
function squareRoot(matrix: Float64Array, size: number): Float64Array {
  const { values, vectors } = eigen(matrix, size);
  const root = new Float64Array(size * size);
  for (let i = 0; i < size; i++)
    for (let j = 0; j < size; j++)
      for (let k = 0; k < size; k++)
        root[i * size + j]! +=
          vectors[i * size + k]! * Math.sqrt(Math.max(values[k]!, 0)) * vectors[j * size + k]!;
  return root;
}

function product(a: Float64Array, b: Float64Array, size: number): Float64Array {
  const c = new Float64Array(size * size);
  for (let i = 0; i < size; i++)
    for (let k = 0; k < size; k++)
      for (let j = 0; j < size; j++) c[i * size + j]! += a[i * size + k]! * b[k * size + j]!;
  return c;
}

/**
 * Eigenvalues, and eigenvectors in columns, of a symmetric matrix: Jacobi's rotations, each of
 * which makes one pair of entries zero.
 */
function eigen(
  matrix: Float64Array,
  size: number,
): { values: Float64Array; vectors: Float64Array } {
  const a = matrix.slice();
  const vectors = new Float64Array(size * size);
  for (let i = 0; i < size; i++) vectors[i * size + i] = 1;
  // Convergence is quadratic: 32 x 32 takes seven sweeps.
  for (let sweep = 0; sweep < 30 && offDiagonal(a, size) > 1e-22 * squares(a); sweep++)
    for (let p = 0; p < size; p++)
      for (let q = p + 1; q < size; q++) rotate(a, vectors, size, p, q);
  return { values: Float64Array.from({ length: size }, (_, i) => a[i * size + i]!), vectors };
}

function rotate(a: Float64Array, vectors: Float64Array, size: number, p: number, q: number): void {
  const apq = a[p * size + q]!;
  if (apq === 0) return;
  const theta = (a[q * size + q]! - a[p * size + p]!) / (2 * apq);
  const tan = (theta < 0 ? -1 : 1) / (Math.abs(theta) + Math.hypot(theta, 1));
  const cos = 1 / Math.hypot(tan, 1);
  const sin = tan * cos;
  const turn = (matrix: Float64Array, x: number, y: number) => {
    const [valueX, valueY] = [matrix[x]!, matrix[y]!];
    matrix[x] = cos * valueX - sin * valueY;
    matrix[y] = sin * valueX + cos * valueY;
  };
  for (let k = 0; k < size; k++) turn(a, k * size + p, k * size + q);
  for (let k = 0; k < size; k++) turn(a, p * size + k, q * size + k);
  for (let k = 0; k < size; k++) turn(vectors, k * size + p, k * size + q);
}

function squares(a: Float64Array): number {
  return a.reduce((sum, value) => sum + value * value, 0);
}

function offDiagonal(a: Float64Array, size: number): number {
  let sum = 0;
  for (let i = 0; i < size; i++)
    for (let j = 0; j < size; j++) if (i !== j) sum += a[i * size + j]! ** 2;
  return sum;
}
