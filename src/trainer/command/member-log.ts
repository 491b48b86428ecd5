import { appendFileSync, mkdirSync, renameSync, statSync } from "node:fs";
import { dirname } from "node:path";

/**
 * A log is rotated at this size, so that a member that prints without end takes at most twice as
 * much.
 */
export const maxLogBytes = 16 * 1024 * 1024;

/** The size of what is kept in memory, for errors. */
const lastCharacters = 4_000;

/** The standard error of one member, in a file where there is a directory for it. */
export class MemberLog {
  readonly path: string | undefined;
  #bytes: number | undefined;
  #last = "";

  constructor(path: string | undefined) {
    this.path = path;
  }

  append(text: string): void {
    this.#last = (this.#last + text).slice(-lastCharacters);
    this.#write(text);
  }

  /** A line of Clade's own, which is not what the trainer said last. */
  note(line: string): void {
    this.#write(`${line}\n`);
  }

  #write(text: string): void {
    if (this.path === undefined) return;
    try {
      this.#bytes ??= sizeOf(this.path);
      // Another worker that had this member may have rotated it.
      if (this.#bytes > maxLogBytes) this.#bytes = sizeOf(this.path);
      if (this.#bytes > maxLogBytes) {
        renameSync(this.path, `${this.path}.1`);
        this.#bytes = 0;
      }
      appendFileSync(this.path, text);
      this.#bytes += Buffer.byteLength(text);
    } catch {
      // A full disk stops the run when it must write something that matters. A log line does not
      // matter.
    }
  }

  /** The last lines that were written since this object was made. */
  get last(): string {
    return this.#last.trim().split("\n").slice(-20).join("\n");
  }

  /** From here on `last` is about another process. */
  forget(): void {
    this.#last = "";
  }
}

/** Makes the directory of a file, and gives the size that the file has already. */
function sizeOf(path: string): number {
  mkdirSync(dirname(path), { recursive: true });
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}
