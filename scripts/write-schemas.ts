/** Writes schema/experiment.schema.json, which editors complete and check experiment files with. Run after a change to what a file may say. */
import { writeFileSync } from "node:fs";
import { experimentJsonSchema } from "../src/experiment/file/experiment-json-schema.ts";

const file = new URL("../schema/experiment.schema.json", import.meta.url);
writeFileSync(file, `${JSON.stringify(experimentJsonSchema(), null, 2)}\n`);
console.log('written: schema/experiment.schema.json; format it with "npx biome check --write schema"');
