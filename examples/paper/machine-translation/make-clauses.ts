/**
 * Makes clauses.tsv.gz, the parallel text of this experiment, from two public domain Bibles in
 * Debian:
 *
 *     apt-get install -y sword-text-web sword-text-sparv libsword-utils && node make-clauses.ts
 *
 * Verses are too long and too freely translated for a model that trains for half a minute. But in
 * both modules words carry the Strong's number of the Hebrew or Greek word that they translate, so
 * clauses of the same verse can be paired: those whose numbers agree. A line is: book, chapter and
 * verse, English, Spanish.
 */
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { gzipSync } from "node:zlib";

/**
 * Of the numbers of two clauses together, the share that both have (Dice's coefficient), at least.
 */
const AGREEMENT = 0.75;
const FEWEST_WORDS = 3;
const MOST_WORDS = 9;

interface Clause {
  readonly text: string;
  readonly numbers: ReadonlySet<string>;
}

const english = readVerses("engWEB2015eb");
const spanish = readVerses("spaRV1909eb");
const lines: string[] = [];
const written = new Set<string>();
for (const [place, clauses] of english) {
  for (const [{ text }, { text: translation }] of pairs(clauses, spanish.get(place) ?? [])) {
    const pair = `${text}\t${translation}`;
    if (!isOfGoodLength(text) || !isOfGoodLength(translation) || written.has(pair)) continue;
    // Formulas such as "thus says Yahweh" would be the greater part of the text.
    written.add(pair);
    const [, book, verse] = /^(.+) (\d+:\d+)$/.exec(place) ?? [];
    lines.push(`${book}\t${verse}\t${pair}`);
  }
}
writeFileSync(
  new URL("clauses.tsv.gz", import.meta.url),
  gzipSync(`${lines.join("\n")}\n`, { level: 9 }),
);
console.log(`${lines.length} pairs of clauses written to clauses.tsv.gz`);

/**
 * Clauses of the same verse whose numbers agree best, in the order of both. One or two clauses on
 * each side make a pair.
 */
function pairs(left: readonly Clause[], right: readonly Clause[]): [Clause, Clause][] {
  const found: [Clause, Clause][] = [];
  let firstRight = 0;
  for (let i = 0; i < left.length; ) {
    const candidates = [1, 2].flatMap((lefts) =>
      [1, 2].flatMap((rights) =>
        right.slice(firstRight).flatMap((_, offset) => {
          const j = firstRight + offset;
          if (i + lefts > left.length || j + rights > right.length) return [];
          const pair: [Clause, Clause] = [
            joined(left.slice(i, i + lefts)),
            joined(right.slice(j, j + rights)),
          ];
          return [
            {
              pair,
              lefts,
              nextRight: j + rights,
              agreement: agreement(...pair),
              size: lefts + rights,
            },
          ];
        }),
      ),
    );
    const [best] = candidates
      .filter((candidate) => candidate.agreement >= AGREEMENT)
      .sort((a, b) => a.size - b.size || b.agreement - a.agreement);
    if (best) {
      found.push(best.pair);
      firstRight = best.nextRight;
    }
    i += best?.lefts ?? 1;
  }
  return found;
}

/**
 * Dice's coefficient of two clauses' numbers; 0 for clauses with fewer than two, which agree too
 * easily.
 */
function agreement({ numbers: left }: Clause, { numbers: right }: Clause): number {
  if (left.size < 2) return 0;
  const both = [...left].filter((number) => right.has(number)).length;
  return (2 * both) / (left.size + right.size);
}

function joined(clauses: readonly Clause[]): Clause {
  return {
    text: clauses
      .map(({ text }) => text)
      .join(" ")
      .replace(/[,.;:]+$/, ""),
    numbers: new Set(clauses.flatMap(({ numbers }) => [...numbers])),
  };
}

function isOfGoodLength(text: string): boolean {
  const words = text.split(" ").length;
  return words >= FEWEST_WORDS && words <= MOST_WORDS;
}

/** The clauses of each verse of a SWORD module, by the verse's place, such as "I John 3:16". */
function readVerses(module: string): Map<string, Clause[]> {
  const dump = execFileSync("mod2imp", [module], { maxBuffer: 2 ** 28, encoding: "utf8" });
  const verses = dump.split("$$$").map((entry) => {
    const end = entry.indexOf("\n");
    return [entry.slice(0, end), clausesOf(entry.slice(end))] as const;
  });
  // "Genesis 1:0" is a title.
  return new Map(verses.filter(([place]) => /:[1-9]\d*$/.test(place)));
}

/**
 * A verse in OSIS markup, such as `<w lemma="strong:H7225">EN el principio</w>`, cut after each
 * mark of punctuation. In lower case and without quotation marks, which the Spanish text has none
 * of. A note stands where a space would.
 */
function clausesOf(osis: string): Clause[] {
  return osis
    .replace(/<(note|title)\b.*?<\/\1>/gs, " ")
    .replace(/<w lemma="([^"]*)"[^>]*>/g, "{$1}")
    .replace(/<[^>]*>/g, "")
    .toLowerCase()
    .replace(/(?<!\p{L})[‘’]|’(?!\p{L})/gu, " ")
    .replace(/[“”"()—]/g, " ")
    .replaceAll("’", "'")
    .split(/(?<=[,.;:?!])(?=\s|$)/)
    .map((text) => ({
      text: text
        .replace(/\{[^}]*\}/g, "")
        .replace(/\s+/g, " ")
        .replace(/ (?=[,.;:!?])/g, "")
        .trim(),
      // H0853 marks an object and has no translation.
      numbers: new Set(
        [...text.matchAll(/strong:([hg]\d+)/g)].flatMap(([, number = ""]) =>
          number === "h0853" ? [] : [number],
        ),
      ),
    }))
    .filter(({ text }) => /\p{L}/u.test(text));
}
