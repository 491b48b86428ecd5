/** A program that is killed in the middle of its run. */
import { filesystemCheckpointStore, type RunId, sqlitePopulationStore, start } from "clade";
import experiment from "./climbing.ts";

const [directory] = process.argv.slice(2);
const populationStore = sqlitePopulationStore(`${directory}/runs.db`);
const checkpoints = (id: RunId) => filesystemCheckpointStore(`${directory}/${id}`);
const module = new URL("./climbing.ts", import.meta.url);
const session = await start(experiment, {
  populationStore,
  checkpoints,
  threads: 2,
  module,
  seed: 1,
});
for await (const { type } of session)
  if (type === "decision") process.kill(process.pid, "SIGKILL");
