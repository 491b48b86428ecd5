/**
 * Random streams that are derived, never shared. A stream is named by a key such as (run seed,
 * member, generation), so a decision is the same whichever worker makes it, and repeating it after
 * a crash gives the same answer.
 *
 * The key is hashed with MurmurHash3's 32-bit mixer into the state of sfc32 (Chris Doty-Humphrey,
 * PractRand), a small generator with a period of at least 2^32 that passes PractRand and TestU01's
 * BigCrush.
 */
export interface Random {
  /** Uniform in [0, 1), with 53 bits. */
  uniform(): number;
  /** A whole number, uniform in [0, count). */
  integer(count: number): number;
  /** Standard normal. */
  normal(): number;
  /** One of the items, each equally likely. The list must not be empty. */
  pick<T>(items: readonly T[]): T;
}

/** The stream of a key. Equal keys give equal streams. The parts may be numbers or words. */
export function randomStream(...key: readonly (number | string)[]): Random {
  const text = key.join("/");
  let a = hash(text, 0x9e3779b9);
  let b = hash(text, 0x243f6a88);
  let c = hash(text, 0xb7e15162);
  let counter = 1;

  function bits(): number {
    const result = (a + b + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + result;
    return result >>> 0;
  }
  for (let warmUp = 0; warmUp < 12; warmUp++) bits();

  function uniform(): number {
    return ((bits() >>> 5) * 67_108_864 + (bits() >>> 6)) / 9_007_199_254_740_992;
  }
  return {
    uniform,
    integer: (count) => Math.floor(uniform() * count),
    // Box and Muller 1958; 1 - uniform() keeps the logarithm finite.
    normal: () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform()),
    pick: (items) => items[Math.floor(uniform() * items.length)]!,
  };
}

/** MurmurHash3 (Austin Appleby), x86 32-bit, over the text's UTF-16 code units. */
function hash(text: string, seed: number): number {
  let state = seed | 0;
  for (let index = 0; index < text.length; index++) {
    let block = Math.imul(text.charCodeAt(index), 0xcc9e2d51);
    block = Math.imul((block << 15) | (block >>> 17), 0x1b873593);
    state ^= block;
    state = (Math.imul((state << 13) | (state >>> 19), 5) + 0xe6546b64) | 0;
  }
  state ^= text.length;
  state = Math.imul(state ^ (state >>> 16), 0x85ebca6b);
  state = Math.imul(state ^ (state >>> 13), 0xc2b2ae35);
  return state ^ (state >>> 16);
}
