/**
 * Spanish clauses and their English translations, from two Bibles (see clauses.LICENSE.md). The
 * split is by book, and a held-out pair of which the training text has either side is left out, so
 * that nothing that is measured was seen.
 */
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import { Subwords } from "./byte-pair-encoding.ts";

/**
 * What the experiment learns from and is measured on: sources and targets as numbers of subwords,
 * and the references as text.
 */
export interface Clause {
  readonly spanish: string;
  readonly english: string;
  readonly source: readonly number[];
  readonly target: readonly number[];
}

const BOOKS = {
  /** Steers selection. */
  validation: ["I Samuel", "Lamentations", "Ephesians", "Amos"],
  /** Chooses the best model. */
  choice: ["Joshua", "Hosea", "Galatians", "Job"],
  /** Is reported. */
  test: ["II Samuel", "Judges", "Ecclesiastes", "Acts"],
};

const pairs = readPairs(new URL("clauses.tsv.gz", import.meta.url));
const heldOutBooks = new Set(Object.values(BOOKS).flat());
const trainingPairs = pairs.filter(({ book }) => !heldOutBooks.has(book));
const seen = new Set(trainingPairs.flatMap(({ spanish, english }) => [spanish, english]));

export const PADDING = 0;
/** Begins and ends a translation. */
export const BOUNDARY = 1;
/**
 * Subwords of each language: twice as many translate no better within the budget, and the softmax
 * over them is the greatest cost of a step.
 */
export const SYMBOLS = 600;
/** Subwords of a clause at most, and one place for its boundary. */
export const PLACES = 14;

export const spanishSubwords = new Subwords(textsOf("spanish"), SYMBOLS, ["", ""]);
export const englishSubwords = new Subwords(textsOf("english"), SYMBOLS, ["", ""]);

export const training = encoded(trainingPairs);
export const validation = heldOut("validation");
export const choice = heldOut("choice");
export const test = heldOut("test");

interface Pair {
  readonly book: string;
  readonly spanish: string;
  readonly english: string;
}

function heldOut(part: keyof typeof BOOKS): Clause[] {
  const isNew = ({ spanish, english }: Pair) => !seen.has(spanish) && !seen.has(english);
  return encoded(pairs.filter((pair) => BOOKS[part].includes(pair.book) && isNew(pair)));
}

/** Clauses with few enough subwords, as numbers. */
function encoded(pairs: readonly Pair[]): Clause[] {
  return pairs
    .map(({ spanish, english }) => ({
      spanish,
      english,
      source: spanishSubwords.encode(spanish),
      target: englishSubwords.encode(english),
    }))
    .filter(({ source, target }) => source.length < PLACES && target.length < PLACES);
}

function textsOf(language: "spanish" | "english"): string[] {
  return trainingPairs.map((pair) => pair[language]);
}

/** Throws when the file is missing, with the command that makes it. */
export function readPairs(file: URL): Pair[] {
  if (!existsSync(file)) {
    const path = fileURLToPath(file);
    throw new Error(
      `${path}: is missing; make it with: npx node ` +
        "examples/paper/machine-translation/make-clauses.ts",
    );
  }
  const lines = gunzipSync(readFileSync(file)).toString().trim().split("\n");
  return lines.map((line) => {
    const [book = "", , english = "", spanish = ""] = line.split("\t");
    return { book, spanish, english };
  });
}
