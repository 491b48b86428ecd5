/**
 * A Gaussian process over hyperparameters, with a kernel that forgets (Parker-Holder et al. 2020,
 * PB2; its time-varying kernel is of Bogunovic et al. 2016):
 *
 *     k(a, b) = exp(-|a - b|^2 / (2 lengthScale^2)) * (1 - forgetting)^(|ta - tb| / 2)
 *               * 0.5^(categories that differ)
 */
import { CholeskyDecomposition, Matrix } from "ml-matrix";
import type { Random } from "../../random.ts";
import type { HyperparameterValue } from "../../snapshot.ts";

/** Where something was, or could be, tried. */
export interface Point {
  /** About from 0 to 1 each. */
  readonly numbers: readonly number[];
  readonly categories: readonly (HyperparameterValue | undefined)[];
  readonly generation: number;
}

interface Kernel {
  readonly lengthScale: number;
  readonly forgetting: number;
  /** The variance of what is observed around what is true, of 1 in all. */
  readonly noise: number;
}

export interface GaussianProcess {
  /** One function that what was observed allows, drawn: its values at these points. */
  draw(points: readonly Point[], random: Random): readonly number[];
  /** The expected value at a point, and its standard deviation. */
  predict(point: Point): { readonly mean: number; readonly deviation: number };
}

/** The kernels that are tried; the likeliest is taken. */
const kernels: readonly Kernel[] = [0.15, 0.4, 1].flatMap((lengthScale) =>
  [0.02, 0.2].flatMap((forgetting) =>
    [0.1, 0.5].map((noise) => ({ lengthScale, forgetting, noise })),
  ),
);

/** Keeps a matrix positive definite where points coincide. */
const jitter = 1e-6;

/** Fitted to values of about mean 0 and variance 1, one for each point. */
export function gaussianProcess(
  points: readonly Point[],
  values: readonly number[],
): GaussianProcess {
  const observed = Matrix.columnVector([...values]);
  const fits = kernels.map((kernel) => {
    const covariance = covariances(kernel, points, points);
    for (let at = 0; at < points.length; at++)
      covariance.set(at, at, covariance.get(at, at) + kernel.noise);
    const cholesky = new CholeskyDecomposition(covariance);
    const weights = cholesky.solve(observed);
    const fit = observed.dot(weights) / 2;
    const volume = cholesky.lowerTriangularMatrix
      .diagonal()
      .reduce((sum, d) => sum + Math.log(d), 0);
    return { kernel, cholesky, weights, likelihood: -fit - volume };
  });
  const { kernel, cholesky, weights } = fits.reduce((best, other) =>
    other.likelihood > best.likelihood ? other : best,
  );

  function posterior(at: readonly Point[]) {
    const between = covariances(kernel, at, points);
    const known = between.mmul(cholesky.solve(between.transpose()));
    return { mean: between.mmul(weights), covariance: covariances(kernel, at, at).sub(known) };
  }

  return {
    draw(at, random) {
      const { mean, covariance } = posterior(at);
      for (let index = 0; index < at.length; index++)
        covariance.set(index, index, covariance.get(index, index) + jitter);
      const normals = Matrix.columnVector(at.map(() => random.normal()));
      const { lowerTriangularMatrix } = new CholeskyDecomposition(symmetric(covariance));
      return mean.add(lowerTriangularMatrix.mmul(normals)).to1DArray();
    },
    predict(point) {
      const { mean, covariance } = posterior([point]);
      return { mean: mean.get(0, 0), deviation: Math.sqrt(Math.max(0, covariance.get(0, 0))) };
    },
  };
}

function covariances(
  { lengthScale, forgetting }: Kernel,
  rows: readonly Point[],
  columns: readonly Point[],
): Matrix {
  const matrix = new Matrix(rows.length, columns.length);
  rows.forEach((a, row) => {
    columns.forEach((b, column) => {
      let squares = 0;
      a.numbers.forEach((number, index) => {
        squares += (number - b.numbers[index]!) ** 2;
      });
      const differing = a.categories.filter(
        (value, index) => value !== b.categories[index],
      ).length;
      const remembered = (1 - forgetting) ** (Math.abs(a.generation - b.generation) / 2);
      const near = Math.exp(-squares / (2 * lengthScale ** 2));
      matrix.set(row, column, near * remembered * 0.5 ** differing);
    });
  });
  return matrix;
}

/** Without the last bits in which a matrix and its transpose differ. */
function symmetric(matrix: Matrix): Matrix {
  return matrix.add(matrix.transpose()).mul(0.5);
}
