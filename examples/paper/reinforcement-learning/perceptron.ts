/**
 * The forward pass of a small network in plain loops. While episodes are played a call has a
 * handful of observations, and jax-js would spend more on the call than on the numbers. Four
 * observations at a time share each weight that is read.
 */
export class Perceptron {
  readonly #sizes: readonly number[];
  /**
   * Each layer's weights [outputs, inputs], in double precision so that no number is converted in
   * the loop; then its biases.
   */
  readonly #layers: readonly { readonly weights: Float64Array; readonly biases: Float64Array }[];
  readonly #values: readonly Float64Array[];

  constructor(rows: number, sizes: readonly number[]) {
    this.#sizes = sizes;
    this.#values = sizes.map((size) => new Float64Array(rows * size));
    this.#layers = sizes.slice(1).map((outputs, layer) => ({
      weights: new Float64Array(outputs * sizes[layer]!),
      biases: new Float64Array(outputs),
    }));
  }

  /**
   * Numbers in the order of a checkpoint: weights [inputs, outputs] and biases, layer by layer.
   * Gives the index after them.
   */
  load(numbers: Float32Array, start = 0): number {
    let next = start;
    this.#layers.forEach(({ weights, biases }, layer) => {
      const inputs = this.#sizes[layer]!;
      const outputs = this.#sizes[layer + 1]!;
      for (let i = 0; i < inputs; i++) {
        for (let o = 0; o < outputs; o++) weights[o * inputs + i] = numbers[next++]!;
      }
      for (let o = 0; o < outputs; o++) biases[o] = numbers[next++]!;
    });
    return next;
  }

  /**
   * Outputs [rows, outputs] of the inputs [rows, inputs], with tanh between layers. The array is
   * used again by the next call.
   */
  forward(inputs: ArrayLike<number>): Float64Array {
    const [first] = this.#values;
    for (let i = 0; i < first!.length; i++) first![i] = inputs[i]!;
    this.#layers.forEach(({ weights, biases }, layer) => {
      const to = this.#values[layer + 1]!;
      multiply(
        this.#values[layer]!,
        weights,
        biases,
        to,
        this.#sizes[layer]!,
        this.#sizes[layer + 1]!,
      );
      if (layer < this.#layers.length - 1)
        for (let i = 0; i < to.length; i++) to[i] = Math.tanh(to[i]!);
    });
    return this.#values.at(-1)!;
  }
}

/** The rows are a multiple of 4. */
function multiply(
  from: Float64Array,
  weights: Float64Array,
  biases: Float64Array,
  to: Float64Array,
  inputs: number,
  outputs: number,
): void {
  const rows = from.length / inputs;
  for (let row = 0; row < rows; row += 4) {
    const row0 = row * inputs;
    const row1 = row0 + inputs;
    const row2 = row1 + inputs;
    const row3 = row2 + inputs;
    for (let o = 0; o < outputs; o++) {
      let sum0 = biases[o]!;
      let sum1 = sum0;
      let sum2 = sum0;
      let sum3 = sum0;
      const at = o * inputs;
      for (let i = 0; i < inputs; i++) {
        const weight = weights[at + i]!;
        sum0 += weight * from[row0 + i]!;
        sum1 += weight * from[row1 + i]!;
        sum2 += weight * from[row2 + i]!;
        sum3 += weight * from[row3 + i]!;
      }
      to[row * outputs + o] = sum0;
      to[(row + 1) * outputs + o] = sum1;
      to[(row + 2) * outputs + o] = sum2;
      to[(row + 3) * outputs + o] = sum3;
    }
  }
}
