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
const kernels: readonly Kernel[] = [0.2, 0.6].flatMap((lengthScale) =>
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
  const distances = distancesBetween(points, points);
  const fits = kernels.map((kernel) => {
    const covariance = plusDiagonal(covariances(kernel, distances), kernel.noise);
    const cholesky = new CholeskyDecomposition(covariance);
    const weights = cholesky.solve(observed);
    const logs = cholesky.lowerTriangularMatrix.diagonal().map(Math.log);
    const volume = logs.reduce((sum, value) => sum + value, 0);
    return { kernel, cholesky, weights, likelihood: -observed.dot(weights) / 2 - volume };
  });
  const { kernel, cholesky, weights } = fits.reduce((best, other) =>
    other.likelihood > best.likelihood ? other : best,
  );

  function posterior(at: readonly Point[]) {
    const between = covariances(kernel, distancesBetween(at, points));
    const known = between.mmul(cholesky.solve(between.transpose()));
    const covariance = covariances(kernel, distancesBetween(at, at)).sub(known);
    return { mean: between.mmul(weights), covariance };
  }

  return {
    draw(at, random) {
      const { mean, covariance } = posterior(at);
      const normals = Matrix.columnVector(at.map(() => random.normal()));
      const regular = plusDiagonal(symmetric(covariance), jitter);
      const { lowerTriangularMatrix } = new CholeskyDecomposition(regular);
      return mean.add(lowerTriangularMatrix.mmul(normals)).to1DArray();
    },
    predict(point) {
      const { mean, covariance } = posterior([point]);
      return { mean: mean.get(0, 0), deviation: Math.sqrt(Math.max(0, covariance.get(0, 0))) };
    },
  };
}

/** What a kernel is made of, for each row and column. */
interface Distance {
  readonly squares: number;
  readonly generations: number;
  /** How many categories differ. */
  readonly differing: number;
}

type Distances = readonly (readonly Distance[])[];

function distancesBetween(rows: readonly Point[], columns: readonly Point[]): Distances {
  return rows.map((a) =>
    columns.map((b) => {
      let [squares, differing] = [0, 0];
      for (let index = 0; index < a.numbers.length; index++)
        squares += (a.numbers[index]! - b.numbers[index]!) ** 2;
      for (let index = 0; index < a.categories.length; index++)
        if (a.categories[index] !== b.categories[index]) differing++;
      return { squares, generations: Math.abs(a.generation - b.generation), differing };
    }),
  );
}

function covariances({ lengthScale, forgetting }: Kernel, distances: Distances): Matrix {
  const forgets = Math.log(1 - forgetting) / 2;
  const differs = Math.log(0.5);
  return new Matrix(
    distances.map((row) =>
      row.map(({ squares, generations, differing }) =>
        Math.exp(-squares / (2 * lengthScale ** 2) + generations * forgets + differing * differs),
      ),
    ),
  );
}

function plusDiagonal(matrix: Matrix, value: number): Matrix {
  for (let at = 0; at < matrix.rows; at++) matrix.set(at, at, matrix.get(at, at) + value);
  return matrix;
}

/** Without the last bits in which a matrix and its transpose differ. */
function symmetric(matrix: Matrix): Matrix {
  return Matrix.add(matrix, matrix.transpose()).mul(0.5);
}
