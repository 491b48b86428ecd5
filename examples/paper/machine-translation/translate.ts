/**
 * Translates clauses of the test books with the best model of a run, and prints them as a table.
 *
 *     npx node examples/paper/machine-translation/translate.ts [RUN] [--store URL] [--count 12]
 *
 * takes the newest run when none is named.
 */
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";
import { filesystemCheckpointStore, type RunId, sqlitePopulationStore } from "clade";
import { fromFlat } from "../weights.ts";
import { englishSubwords, test } from "./clauses.ts";
import { TRANSFORMER, translate } from "./transformer.ts";
import { spread } from "./translation.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    store: { type: "string", default: ".clade/clade.db" },
    count: { type: "string", default: "12" },
  },
});
await using population = sqlitePopulationStore(values.store);
const run = (positionals[0] as RunId | undefined) ?? (await population.runs()).at(-1)!.id;
const members = await population.members(run);
const scoreOf = ({ newest }: (typeof members)[number]) =>
  newest.metrics.finalBleu ?? newest.score ?? 0;
const { newest } = members.reduce((best, member) =>
  scoreOf(member) > scoreOf(best) ? member : best,
);
const checkpoints = filesystemCheckpointStore(join(dirname(values.store), "checkpoints", run));
const file = (await checkpoints.load(newest.checkpoint!)).get("weights.npy")!;
// A NumPy file: ten bytes of which the last two are the length of a header, the header, and the
// numbers.
const begin = 10 + new DataView(file.buffer, file.byteOffset).getUint16(8, true);
const weights = new Float32Array(Uint8Array.from(file.subarray(begin)).buffer);

const clauses = spread(test, Number(values.count));
const translated = await translate(fromFlat(TRANSFORMER, weights), clauses);
console.log("| Spanish | English | the model |\n| --- | --- | --- |");
for (const [i, { spanish, english }] of clauses.entries())
  console.log(`| ${spanish} | ${english} | ${englishSubwords.decode(translated[i]!)} |`);
