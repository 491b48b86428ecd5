/** kubectl, for the cluster that it is configured for. */
import { execFile } from "node:child_process";
import { CladeError } from "../algorithm/clade-error.ts";

export function inNamespace(namespace: string | undefined): string[] {
  return namespace === undefined ? [] : [`--namespace=${namespace}`];
}

/** Resolves what kubectl prints as JSON. */
export async function answer<T>(
  env: NodeJS.ProcessEnv,
  words: readonly string[],
  complaint?: string,
  input?: string,
): Promise<T> {
  return JSON.parse(await kubectl(env, words, complaint, input)) as T;
}

/** Resolves the output of kubectl. Gives up on a cluster that does not answer. */
export function kubectl(
  env: NodeJS.ProcessEnv,
  words: readonly string[],
  complaint = "says",
  input = "",
): Promise<string> {
  return new Promise((resolve, reject) => {
    const options = { env, maxBuffer: 64 * 2 ** 20 };
    const child = execFile(
      "kubectl",
      [...words, "--request-timeout=20s"],
      options,
      (error, stdout, stderr) => {
        if ((error as NodeJS.ErrnoException | null)?.code === "ENOENT")
          reject(
            new CladeError(
              "kubectl: is not installed on this machine; install it, or run this where it is",
            ),
          );
        else if (error)
          reject(new CladeError(`kubectl: ${complaint}: ${sentence(stderr || error.message)}`));
        else resolve(stdout);
      },
    );
    // It may have ended without reading its input. Its output tells why.
    child.stdin!.on("error", () => {});
    child.stdin!.end(input);
  });
}

/** The message of kubectl in one line, without its log and its warnings. */
function sentence(words: string): string {
  const lines = words.split("\n").map((line) => line.trim());
  const said = lines.filter((line) => line !== "" && !/^([EIW]\d{4} |Warning: )/.test(line));
  return (said.length > 0 ? said : lines).join("; ").replace(/^error: /, "");
}
