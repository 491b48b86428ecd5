/**
 * Writes the schemas that editors complete and check experiment and study files with. Run after a
 * change to what a file may say.
 */
import { writeFileSync } from "node:fs";
import { experimentJsonSchema } from "../src/experiment/file/experiment-json-schema.ts";
import { studyJsonSchema } from "../src/experiment/study/study.ts";

const schemas = { experiment: experimentJsonSchema(), study: studyJsonSchema() };
for (const [name, schema] of Object.entries(schemas)) {
  const file = new URL(`../schema/${name}.schema.json`, import.meta.url);
  writeFileSync(file, `${JSON.stringify(schema, null, 2)}\n`);
}
console.log('written; format them with "npx biome check --write schema"');
