/**
 * BLEU (Papineni et al. 2002, section 2) of a whole corpus, as sacrebleu (Post 2018) computes it
 * by default: its "13a" tokens, letters as they are, and exponential smoothing of orders without a
 * match. From 0 to 100.
 */
export function bleu(hypotheses: readonly string[], references: readonly string[]): number {
  const matched = new Array<number>(ORDERS).fill(0);
  const total = new Array<number>(ORDERS).fill(0);
  let hypothesisLength = 0;
  let referenceLength = 0;
  for (const [index, hypothesis] of hypotheses.entries()) {
    const [own, right] = [tokens(hypothesis), tokens(references[index] as string)];
    hypothesisLength += own.length;
    referenceLength += right.length;
    for (let order = 1; order <= ORDERS; order++) {
      const expected = counts(right, order);
      for (const [words, count] of counts(own, order)) {
        matched[order - 1]! += Math.min(count, expected.get(words) ?? 0);
        total[order - 1]! += count;
      }
    }
  }
  if (matched[0] === 0) return 0;
  let smoothing = 1;
  let logPrecision = 0;
  for (let order = 0; order < ORDERS; order++) {
    if (total[order] === 0) return 0; // No hypothesis is as long as that.
    if (matched[order] === 0) smoothing *= 2;
    logPrecision += Math.log((matched[order]! || 1 / smoothing) / total[order]!) / ORDERS;
  }
  const brevity = hypothesisLength < referenceLength ? 1 - referenceLength / hypothesisLength : 0;
  return 100 * Math.exp(brevity + logPrecision);
}

const ORDERS = 4;

function counts(tokens: readonly string[], order: number): Map<string, number> {
  const found = new Map<string, number>();
  for (let i = 0; i + order <= tokens.length; i++) {
    const words = tokens.slice(i, i + order).join(" ");
    found.set(words, (found.get(words) ?? 0) + 1);
  }
  return found;
}

/**
 * The tokens of mteval-v13a: punctuation stands alone, but for points and commas in numbers, and
 * for apostrophes.
 */
function tokens(text: string): string[] {
  const spaced = ` ${text} `
    .replaceAll("&quot;", '"')
    .replaceAll("&amp;", "&")
    .replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">")
    .replace(/([{-~[-` -&(-+:-@/])/g, " $1 ")
    .replace(/([^0-9])([.,])/g, "$1 $2 ")
    .replace(/([.,])([^0-9])/g, " $1 $2")
    .replace(/([0-9])(-)/g, "$1 $2 ");
  return spaced.split(/\s+/).filter((token) => token !== "");
}
