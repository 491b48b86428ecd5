/**
 * A Transformer (Vaswani et al. 2017) with one layer on each side, small enough for one core.
 * Layers are normalised before each part instead of after it (Xiong et al. 2020, arXiv
 * 2002.04745), so that training does not hang on the length of the warm-up.
 *
 * B is clauses in a batch, P places of a clause, W the width. A jax-js function consumes its
 * arrays; `.ref` keeps one for another use.
 */
import { jit, nn, numpy as np, tree, valueAndGrad } from "@jax-js/jax";
import type { Random } from "../random.ts";
import { adam, clipped, type Moments, type Weights, weightsFrom } from "../weights.ts";
import { BOUNDARY, type Clause, PADDING, PLACES, SYMBOLS } from "./clauses.ts";

export const BATCH = 32;
const WIDTH = 64;
const HEADS = 4;
const HEAD = WIDTH / HEADS;
const HIDDEN = 128;
/**
 * Of each symbol's probability, what is spread over all others (Szegedy et al. 2016); 0.1 as in
 * Vaswani et al., section 5.4.
 */
const SMOOTHING = 0.1;
const LARGEST_GRADIENT = 1;

const square = [WIDTH, WIDTH];
const attention = <N extends string>(name: N) =>
  ({
    [`${name}Query`]: square,
    [`${name}Key`]: square,
    [`${name}Value`]: square,
    [`${name}Output`]: square,
  }) as Record<`${N}${"Query" | "Key" | "Value" | "Output"}`, number[]>;
const feedForward = <N extends string>(name: N) =>
  ({ [`${name}1`]: [WIDTH, HIDDEN], [`${name}2`]: [HIDDEN, WIDTH] }) as Record<
    `${N}${1 | 2}`,
    number[]
  >;

/**
 * `englishSymbols` both embeds the target and scores the next symbol, as in Vaswani et al.,
 * section 3.4.
 */
export const TRANSFORMER = {
  spanishSymbols: [SYMBOLS, WIDTH],
  englishSymbols: [SYMBOLS, WIDTH],
  spanishPlaces: [PLACES, WIDTH],
  englishPlaces: [PLACES, WIDTH],
  ...attention("reading"),
  ...feedForward("read"),
  ...attention("writing"),
  ...attention("looking"),
  ...feedForward("written"),
};
export type Transformer = Weights<typeof TRANSFORMER>;

/**
 * Glorot and Bengio 2010, uniform; symbols and places so that their sum has a variance of about 1
 * / W.
 */
export function initialTransformer(random: Random): Transformer {
  return weightsFrom(TRANSFORMER, ([inputs, outputs], name) => {
    const isTable = /(Symbols|Places)$/.test(name);
    const bound = isTable ? Math.sqrt(3 / WIDTH) : Math.sqrt(6 / (inputs! + outputs!));
    return random.uniform(-bound, bound);
  });
}

/**
 * What is dropped in one step: 0, or 1 / (1 - rate) for what stays. In the order in which they are
 * used.
 */
export type Dropped = {
  /** After the embeddings and after each part of a layer: 7 of [B, P, W]. */
  readonly layer: np.Array[];
  /** Of the weights of attention: 3 of [B * HEADS, P, P]. */
  readonly attention: np.Array[];
  /** After the ReLU: 2 of [B, P, HIDDEN]. */
  readonly relu: np.Array[];
};

export interface DropoutRates {
  readonly layer: number;
  readonly attention: number;
  readonly relu: number;
}

export function drawDropped(rates: DropoutRates, random: Random): Dropped {
  const masks = (count: number, shape: number[], rate: number) =>
    Array.from({ length: count }, () => mask(shape, rate, random));
  return {
    layer: masks(7, [BATCH, PLACES, WIDTH], rates.layer),
    attention: masks(3, [BATCH * HEADS, PLACES, PLACES], rates.attention),
    relu: masks(2, [BATCH, PLACES, HIDDEN], rates.relu),
  };
}

/** Four numbers from each draw: rates are rounded to 256ths. */
function mask(shape: number[], rate: number, random: Random): np.Array {
  const values = new Float32Array(shape.reduce((product, length) => product * length, 1));
  const threshold = Math.round(rate * 256);
  const kept = 256 / (256 - threshold);
  for (let i = 0; i < values.length; i += 4) {
    const bits = random.integer(2 ** 32);
    values[i] = (bits & 255) < threshold ? 0 : kept;
    values[i + 1] = ((bits >>> 8) & 255) < threshold ? 0 : kept;
    values[i + 2] = ((bits >>> 16) & 255) < threshold ? 0 : kept;
    values[i + 3] = bits >>> 24 < threshold ? 0 : kept;
  }
  return np.array(values).reshape(shape);
}

/** Sources, targets moved by one place, and targets, as numbers of symbols: [B, P] each, int32. */
export type Batch = {
  readonly source: np.Array;
  readonly given: np.Array;
  readonly target: np.Array;
};

export function toBatch(clauses: readonly Clause[]): Batch {
  const source = new Int32Array(clauses.length * PLACES).fill(PADDING);
  const given = source.slice();
  const target = source.slice();
  for (const [i, clause] of clauses.entries()) {
    source.set([...clause.source, BOUNDARY], i * PLACES);
    given.set([BOUNDARY, ...clause.target], i * PLACES);
    target.set([...clause.target, BOUNDARY], i * PLACES);
  }
  return { source: toPlaces(source), given: toPlaces(given), target: toPlaces(target) };
}

function toPlaces(numbers: Int32Array<ArrayBuffer>): np.Array {
  return np.array(numbers).reshape([-1, PLACES]);
}

/** What the encoder makes of the sources: [B, P, W]. */
function read(weights: Transformer, source: np.Array, dropped?: Dropped): np.Array {
  const padding = paddingOf(source.ref);
  const { layer = [], attention = [], relu = [] } = dropped ?? {};
  let state = drop(embedded(weights.spanishSymbols, weights.spanishPlaces, source), layer[0]);
  const normal = nn.standardize(state.ref);
  const attended = attend(weights, "reading", normal, normal.ref, padding, attention[0]);
  state = state.add(drop(attended, layer[1]));
  const through = forward(nn.standardize(state.ref), weights.read1, weights.read2, relu[0]);
  return nn.standardize(state.add(drop(through, layer[2])));
}

/**
 * What the decoder makes of the sources, as they were read, and of the targets, of which each
 * place sees what stands before it: the logits of the next symbol, [B, P, SYMBOLS]. With `at`, 1
 * at one place and 0 elsewhere, [1, P, 1], only those of that place, [B, 1, SYMBOLS].
 */
function write(
  weights: Transformer,
  memory: np.Array,
  source: np.Array,
  given: np.Array,
  { dropped, at }: { readonly dropped?: Dropped; readonly at?: np.Array } = {},
): np.Array {
  const { layer = [], attention = [], relu = [] } = dropped ?? {};
  const all = drop(embedded(weights.englishSymbols.ref, weights.englishPlaces, given), layer[3]);
  const normal = nn.standardize(all.ref);
  let state = picked(all, at?.ref);
  const future = picked(FUTURE.ref, at?.ref);
  const attended = attend(
    weights,
    "writing",
    picked(normal.ref, at),
    normal,
    future,
    attention[1],
  );
  state = state.add(drop(attended, layer[4]));
  const looked = attend(
    weights,
    "looking",
    nn.standardize(state.ref),
    memory,
    paddingOf(source),
    attention[2],
  );
  state = state.add(drop(looked, layer[5]));
  const through = forward(nn.standardize(state.ref), weights.written1, weights.written2, relu[1]);
  state = nn.standardize(state.add(drop(through, layer[6])));
  return np.matmul(state, weights.englishSymbols.transpose());
}

/** Of [n, P, m] the place `at`, [n, 1, m]; all of it without one. */
function picked(states: np.Array, at: np.Array | undefined): np.Array {
  return at ? states.mul(at).sum(1, { keepdims: true }) : states;
}

/** Symbols [B, P] and their places as vectors, [B, P, W]. */
function embedded(symbols: np.Array, places: np.Array, numbers: np.Array): np.Array {
  return symbols.slice(numbers).add(places);
}

function drop(state: np.Array, mask: np.Array | undefined): np.Array {
  return mask ? state.mul(mask) : state;
}

/**
 * Attention with several heads (Vaswani et al. 2017, section 3.2). `hidden` is -1e9 where a place
 * must not look, and 0 elsewhere.
 */
function attend(
  weights: Transformer,
  name: "reading" | "writing" | "looking",
  queries: np.Array,
  memory: np.Array,
  hidden: np.Array,
  mask: np.Array | undefined,
): np.Array {
  const length = queries.shape[1] as number;
  const query = heads(np.matmul(queries, weights[`${name}Query`]));
  const key = heads(np.matmul(memory.ref, weights[`${name}Key`]));
  const value = heads(np.matmul(memory, weights[`${name}Value`]));
  // Of matrices as small as these a sum of products takes half as long as matmul, forwards and
  // backwards.
  const fit = query
    .reshape([-1, length, 1, HEAD])
    .mul(key.reshape([-1, 1, PLACES, HEAD]))
    .sum(-1)
    .mul(HEAD ** -0.5);
  const looks = drop(nn.softmax(fit.add(hidden)), mask);
  const found = looks
    .reshape([-1, length, PLACES, 1])
    .mul(value.reshape([-1, 1, PLACES, HEAD]))
    .sum(2);
  const joined = found
    .reshape([-1, HEADS, length, HEAD])
    .transpose([0, 2, 1, 3])
    .reshape([-1, length, WIDTH]);
  return np.matmul(joined, weights[`${name}Output`]);
}

/** [B, n, W] to [B * HEADS, n, W / HEADS]. */
function heads(state: np.Array): np.Array {
  const [, length] = state.shape as [number, number, number];
  const split = state.reshape([-1, length, HEADS, HEAD]);
  return split.transpose([0, 2, 1, 3]).reshape([-1, length, HEAD]);
}

function forward(
  state: np.Array,
  first: np.Array,
  second: np.Array,
  mask: np.Array | undefined,
): np.Array {
  return np.matmul(drop(nn.relu(np.matmul(state, first)), mask), second);
}

/** Which places of the sources [B, P] are ignored, for each head: [B * HEADS, 1, P]. */
function paddingOf(source: np.Array): np.Array {
  const isPadding = source.equal(PADDING).astype(np.float32).mul(-1e9).reshape([-1, 1, 1, PLACES]);
  return np.tile(isPadding, [1, HEADS, 1, 1]).reshape([-1, 1, PLACES]);
}

/** A place of the target does not look at those after it: [1, P, P]. */
const FUTURE = np
  .array(
    Float32Array.from({ length: PLACES ** 2 }, (_, i) =>
      i % PLACES > Math.floor(i / PLACES) ? -1e9 : 0,
    ),
  )
  .reshape([1, PLACES, PLACES]);

/** Cross-entropy with smoothed labels, the mean over all symbols that are not padding. */
function loss(weights: Transformer, { source, given, target }: Batch, dropped: Dropped): np.Array {
  const memory = read(weights, source.ref, dropped);
  const logits = write(weights, memory, source, given, { dropped }).reshape([-1, SYMBOLS]);
  const logProbabilities = nn.logSoftmax(logits);
  const right = logProbabilities.ref.mul(nn.oneHot(target.ref.reshape([-1]), SYMBOLS)).sum(-1);
  const smoothed = right.mul(1 - SMOOTHING).add(logProbabilities.mean(-1).mul(SMOOTHING));
  const counts = target.reshape([-1]).notEqual(PADDING).astype(np.float32);
  return smoothed.mul(counts.ref).sum().div(counts.sum()).mul(-1);
}

const lossAndGradients: (
  weights: Transformer,
  batch: Batch,
  dropped: Dropped,
) => [np.Array, Transformer] = valueAndGrad(loss);

/** One update by Adam; consumes everything. */
export const update = jit(
  (
    weights: Transformer,
    moments: Moments<typeof TRANSFORMER>,
    batch: Batch,
    dropped: Dropped,
    rate: np.Array,
    fix1: np.Array,
    fix2: np.Array,
  ) => {
    const [loss, gradients] = lossAndGradients(tree.ref(weights), batch, dropped);
    const updated = adam(weights, clipped(gradients, LARGEST_GRADIENT), moments, rate, fix1, fix2);
    tree.dispose([rate, fix1, fix2]);
    return { ...updated, loss };
  },
);

const readOnly = jit((weights: Transformer, source: np.Array) => read(weights, source));

/** The likeliest symbol after a place: [B], int32. */
const nextSymbols = jit(
  (weights: Transformer, memory: np.Array, source: np.Array, given: np.Array, at: np.Array) =>
    np.argmax(write(weights, memory, source, given, { at }), -1).reshape([-1]),
);

/**
 * Greedy translations of as many clauses as wanted, all at the same time: the numbers of their
 * symbols.
 */
export async function translate(
  weights: Transformer,
  clauses: readonly Clause[],
): Promise<number[][]> {
  const { source, given, target } = toBatch(clauses);
  tree.dispose([given, target]);
  const memory = readOnly(tree.ref(weights), source.ref);
  const written = new Int32Array(clauses.length * PLACES).fill(PADDING);
  for (let i = 0; i < clauses.length; i++) written[i * PLACES] = BOUNDARY;
  for (let place = 0; place + 1 < PLACES; place++) {
    const at = np.array(Float32Array.from({ length: PLACES }, (_, i) => Number(i === place)));
    const given = toPlaces(written.slice());
    const next = nextSymbols(
      tree.ref(weights),
      memory.ref,
      source.ref,
      given,
      at.reshape([1, PLACES, 1]),
    );
    for (const [i, symbol] of (await next.data()).entries())
      written[i * PLACES + place + 1] = symbol;
  }
  tree.dispose([memory, source]);
  return clauses.map((_, i) => {
    const symbols = [...written.subarray(i * PLACES + 1, (i + 1) * PLACES)];
    const end = symbols.indexOf(BOUNDARY);
    return symbols.slice(0, end < 0 ? undefined : end);
  });
}
