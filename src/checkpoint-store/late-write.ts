import { CladeError } from "../algorithm/clade-error.ts";
import { closedFilesRemedy } from "../experiment/trainer.ts";

/**
 * A file was written, replaced or created after `save` had answered, so the checkpoint is
 * incomplete.
 */
export class LateWriteError extends CladeError {
  /** Relative to the directory that was saved. */
  readonly file: string;

  constructor(file: string, what: string) {
    super(`${file} ${what} after save had returned; ${closedFilesRemedy}`);
    this.file = file;
  }
}
