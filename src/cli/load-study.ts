import { existsSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { BadInputError } from "../algorithm/problem.ts";
import { defineStudy, type Study, type StudyDeclaration } from "../experiment/study/study.ts";
import { importDefault, isPlainData, readDeclaration } from "./load-experiment.ts";

/** The study in a YAML or JSON file, or that a module exports as its default, with the whole path of its experiment. Throws `BadInputError`. */
export async function loadStudy(file: string): Promise<Study> {
  if (!existsSync(file)) throw bad(file, "there is no such file", "give the path of a study");
  const study = isPlainData(file)
    ? await readDeclaration(file, (data) => {
        const { $schema, ...declaration } = (data ?? {}) as { $schema?: unknown };
        return defineStudy(declaration as StudyDeclaration);
      })
    : await importDefault(file);
  if (typeof study !== "object" || study === null || !("variants" in study) || !Array.isArray(study.variants))
    throw bad(file, "exports no study as its default", "write: export default defineStudy({ ... })");
  return { ...(study as Study), experiment: resolve(dirname(file), (study as Study).experiment) };
}

function bad(file: string, rule: string, remedy: string): BadInputError {
  return new BadInputError([{ path: "study", value: file, rule, remedy }]);
}
