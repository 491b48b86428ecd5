import { dirname, resolve } from "node:path";
import { defineStudy, type Study, type StudyDeclaration } from "../../experiment/study/study.ts";
import type { Context } from "../context.ts";
import {
  badFile,
  declarationFile,
  importDefault,
  isPlainData,
  readDeclaration,
  requireReadable,
} from "./declaration-file.ts";

/** A study with the path of its experiment. */
export interface StudyOfFile extends Study {
  readonly experiment: string;
}

/**
 * The study in a YAML or JSON file, or in the default export of a module, with the absolute path
 * of its experiment. Throws `BadInputError`.
 */
export async function loadStudy(context: Context, given: string): Promise<StudyOfFile> {
  const file = declarationFile(context, "study", given);
  requireReadable(file, "give the path of a study");
  const study = isPlainData(file)
    ? await readDeclaration(file, (data) => {
        const { $schema, ...declaration } = (data ?? {}) as { $schema?: unknown };
        return defineStudy(declaration as StudyDeclaration);
      })
    : await importDefault(file);
  if (
    typeof study !== "object" ||
    study === null ||
    !("variants" in study) ||
    !Array.isArray(study.variants)
  )
    throw badFile(
      file,
      "does not export a study as its default",
      "write: export default defineStudy({ ... })",
    );
  const { experiment } = study as Study;
  if (typeof experiment !== "string")
    throw badFile(
      file,
      "has an experiment in hand, and the processes of a study load its file",
      'give the file\'s path, such as experiment: "digits.ts", or call runStudy in a program',
    );
  return { ...(study as Study), experiment: resolve(dirname(file.path), experiment) };
}
