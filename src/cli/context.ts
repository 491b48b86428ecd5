import { Console } from "node:console";
import { resolve } from "node:path";

export type Output = NodeJS.WritableStream & Partial<Pick<NodeJS.WriteStream, Terminal>>;
type Terminal = "isTTY" | "columns" | "rows";

/** Where the command line runs: the process, or a test's own. */
export interface Surroundings {
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  /** Where a person can answer. */
  readonly stdin?: NodeJS.ReadableStream & { readonly isTTY?: boolean };
  readonly stdout: Output;
  readonly stderr: Output;
  /** Aborts when a working command should stop cleanly. */
  readonly signal?: AbortSignal;
}

/** What a command knows of its environment, and how it prints. */
export interface Context extends Surroundings {
  /** How the command line was called, for commands that messages suggest. */
  readonly clade: string;
  print(line: string): void;
  /** Prints on standard error. */
  warn(line: string): void;
  /** The file or directory that a word means. */
  at(given: string): Place;
}

/** A file or directory: the word that named it, for messages, and its absolute path. */
export interface Place {
  readonly given: string;
  readonly path: string;
}

export function contextOf(surroundings: Surroundings): Context {
  const { cwd, env, stdout, stderr } = surroundings;
  // Unlike a stream, it ignores that its reader is gone.
  const { log, error } = new Console({ stdout, stderr });
  return {
    ...surroundings,
    clade: env.npm_config_user_agent === undefined ? "clade" : "npx clade",
    print: (line) => log(line),
    warn: (line) => error(line),
    at: (given) => ({ given, path: resolve(cwd, given) }),
  };
}
