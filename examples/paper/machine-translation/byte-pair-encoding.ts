/**
 * A vocabulary of subwords (Sennrich et al. 2016, section 3.2): starting from letters, the most
 * frequent pair of neighbours becomes one symbol, again and again. The last symbol of a word ends
 * in a space, so that joining symbols gives back the text.
 */
export class Subwords {
  readonly symbols: readonly string[];
  readonly #ranks: ReadonlyMap<string, number>;
  readonly #numbers: ReadonlyMap<string, number>;
  readonly #segmented = new Map<string, readonly number[]>();

  /**
   * Learns `size` symbols from lines of text. The first are `reserved`: they stand for no text.
   */
  constructor(lines: readonly string[], size: number, reserved: readonly string[]) {
    const words = countWords(lines);
    const letters = new Set([...words.keys()].flatMap(lettersOf));
    const initial = [...reserved, ...[...letters].sort()];
    const merges = learnMerges(words, size - initial.length);
    this.symbols = [...initial, ...merges.map(([left, right]) => left + right)];
    this.#ranks = new Map(merges.map((pair, rank) => [keyOf(pair), rank]));
    this.#numbers = new Map(this.symbols.map((symbol, number) => [symbol, number]));
  }

  /** The numbers of a text's symbols. A letter that was not learned is left out. */
  encode(text: string): number[] {
    return text.split(" ").flatMap((word) => this.#encodeWord(word));
  }

  decode(numbers: readonly number[]): string {
    return numbers
      .map((number) => this.symbols[number])
      .join("")
      .trim();
  }

  #encodeWord(word: string): readonly number[] {
    const known = this.#segmented.get(word);
    if (known) return known;
    let symbols = lettersOf(word);
    for (;;) {
      const pairs = neighbours(symbols).filter((pair) => this.#ranks.has(keyOf(pair)));
      const [first, ...others] = pairs;
      if (!first) break;
      const rankOf = (pair: Pair) => this.#ranks.get(keyOf(pair)) as number;
      symbols = merged(
        symbols,
        others.reduce((best, pair) => (rankOf(pair) < rankOf(best) ? pair : best), first),
      );
    }
    const numbers = symbols.flatMap((symbol) => this.#numbers.get(symbol) ?? []);
    this.#segmented.set(word, numbers);
    return numbers;
  }
}

type Pair = readonly [string, string];

/**
 * The `count` most frequent pairs, each found after the ones before it were merged. Ties go to the
 * pair that was seen first.
 */
function learnMerges(words: ReadonlyMap<string, number>, count: number): Pair[] {
  const segmented = [...words].map(([word, frequency]) => ({
    symbols: lettersOf(word),
    frequency,
  }));
  const frequencies = new Map<string, { pair: Pair; frequency: number; words: Set<number> }>();
  const add = (index: number, sign: 1 | -1) => {
    const { symbols, frequency } = segmented[index] as (typeof segmented)[number];
    for (const pair of neighbours(symbols)) {
      const key = keyOf(pair);
      const entry = frequencies.get(key) ?? { pair, frequency: 0, words: new Set() };
      entry.frequency += sign * frequency;
      // It may stay there when the pair is gone, which costs a look and nothing else.
      entry.words.add(index);
      frequencies.set(key, entry);
    }
  };
  for (const index of segmented.keys()) add(index, 1);
  return Array.from({ length: count }, () => {
    const best = [...frequencies.values()].reduce((best, entry) =>
      entry.frequency > best.frequency ? entry : best,
    );
    for (const index of best.words) {
      const entry = segmented[index] as (typeof segmented)[number];
      add(index, -1);
      entry.symbols = merged(entry.symbols, best.pair);
      add(index, 1);
    }
    return best.pair;
  });
}

function merged(symbols: readonly string[], [left, right]: Pair): string[] {
  const result: string[] = [];
  for (let i = 0; i < symbols.length; i++) {
    const isPair = symbols[i] === left && symbols[i + 1] === right;
    result.push(isPair ? left + right : (symbols[i] as string));
    if (isPair) i++;
  }
  return result;
}

function neighbours(symbols: readonly string[]): Pair[] {
  return symbols.slice(1).map((right, i) => [symbols[i] as string, right]);
}

function lettersOf(word: string): string[] {
  return [...word].map((letter, i, letters) => (i === letters.length - 1 ? `${letter} ` : letter));
}

function keyOf([left, right]: Pair): string {
  return `${left}\t${right}`;
}

function countWords(lines: readonly string[]): Map<string, number> {
  const words = new Map<string, number>();
  for (const word of lines.flatMap((line) => line.split(" ")))
    words.set(word, (words.get(word) ?? 0) + 1);
  return words;
}
