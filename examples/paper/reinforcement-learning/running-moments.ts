/**
 * Mean and variance of each number of all rows so far, updated row by row (Welford 1962). All of
 * it is in one array, for checkpoints.
 */
export class RunningMoments {
  readonly #size: number;
  /** The count, the means, and the sums of squared deviations. */
  values: Float64Array;

  constructor(size: number) {
    this.#size = size;
    this.values = new Float64Array(1 + 2 * size);
  }

  /** Rows [n, size]. */
  addRows(rows: Float32Array): void {
    for (let start = 0; start < rows.length; start += this.#size) {
      this.add(rows.subarray(start, start + this.#size));
    }
  }

  add(row: ArrayLike<number>): void {
    const { values } = this;
    const count = ++values[0]!;
    for (let i = 0; i < this.#size; i++) {
      const difference = row[i]! - values[1 + i]!;
      values[1 + i]! += difference / count;
      values[1 + this.#size + i]! += difference * (row[i]! - values[1 + i]!);
    }
  }

  mean(index: number): number {
    return this.values[1 + index]!;
  }

  /** 1 until there are two rows. */
  deviation(index: number): number {
    const [count] = this.values;
    if (count! < 2) return 1;
    return Math.sqrt(this.values[1 + this.#size + index]! / count! + 1e-8);
  }
}
