/** The same run with each kind of store, and in threads: what any runtime must say alike. */
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { filesystemCheckpointStore, run, sqlitePopulationStore } from "clade";
import experiment from "./climb.mjs";

const place = mkdtempSync(join(tmpdir(), "clade-"));
const memory = await run(experiment, { seed: 1 });
const { weights } = await memory.best.state();
const { tree } = await memory.figures();
const files = await run(experiment, {
  seed: 1,
  populationStore: sqlitePopulationStore(join(place, "clade.db")),
  checkpoints: (id) => filesystemCheckpointStore(join(place, id)),
});
const module = new URL("./climb.mjs", import.meta.url);
const threads = await run(experiment, { seed: 1, threads: 2, module });
const shown = [weights[0], files.score, threads.score].map((score) => score.toFixed(9));
console.log(`memory ${shown[0]}, files ${shown[1]}, threads ${shown[2]}, ${tree.svg.slice(1, 4)}`);
