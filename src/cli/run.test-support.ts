/** The command line in a test's own environment. */
import { Writable } from "node:stream";
import { type Context, contextOf } from "./context.ts";
import { run } from "./run.ts";

/** Keeps what is written. */
class Written extends Writable {
  text = "";

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString("utf8");
    done();
  }
}

interface TestContext extends Context {
  readonly stdout: Written;
  readonly stderr: Written;
}

export function contextIn(cwd: string, env: NodeJS.ProcessEnv = {}): TestContext {
  const [stdout, stderr] = [new Written(), new Written()];
  return { ...contextOf({ cwd, env, stdout, stderr }), stdout, stderr };
}

/** What a command line says in a directory. */
export async function runIn(
  cwd: string,
  words: readonly string[],
  env: NodeJS.ProcessEnv = {},
): Promise<{ readonly code: number; readonly stdout: string; readonly stderr: string }> {
  const { stdout, stderr } = contextIn(cwd, env);
  const code = await run(words, { cwd, env, stdout, stderr });
  return { code, stdout: stdout.text, stderr: stderr.text };
}
