/** Checks the options of `clade submit slurm` before anything is created or submitted. */
import { BadInputError } from "../../algorithm/problem.ts";
import { minutesOfLimit } from "../../cluster/slurm-time.ts";

/**
 * Workers give their members back a minute before the limit. Slurm checks every half minute, and
 * may send its signal a minute early.
 */
const minMinutes = 5;

export function requireUsableTime(time: string | undefined): void {
  if (time === undefined) return;
  const minutes = minutesOfLimit(time);
  if (minutes === undefined) {
    const remedy = "write for example 4:00:00 for four hours, or 2-00:00:00 for two days";
    throw bad("--time", time, "is not a time that Slurm accepts", remedy);
  }
  // 0 asks for no limit.
  if (minutes === 0 || minutes >= minMinutes) return;
  const rule =
    "leaves a worker no time to train, since it exits one or two minutes before the limit";
  throw bad("--time", time, rule, `give at least ${minMinutes} minutes`);
}

/**
 * The experiment's file, if one was given, and the options for sbatch, which start with a dash.
 * Without a file the first option is in its place.
 */
export function wordsOf(
  file: string | undefined,
  others: readonly string[],
): { readonly file: string | undefined; readonly more: readonly string[] } {
  const isOption = file?.startsWith("-") ?? false;
  const more = isOption ? [file!, ...others] : others;
  const [first] = more;
  if (first !== undefined && !first.startsWith("-")) {
    const remedy = "give one file, and options for sbatch after --";
    throw bad("experiment", first, "is one argument too many", remedy);
  }
  for (const word of more) {
    if (/^(--job-name\b|-J)/.test(word)) {
      throw bad(
        "--",
        word,
        "is how Clade knows its jobs: they have the run's name",
        "leave it out",
      );
    }
    if (/^(--clusters?\b|-M)/.test(word)) {
      const rule = "sends the job to a cluster where status and stop would not find it";
      throw bad("--", word, rule, "submit it on a login node of that cluster");
    }
  }
  return { file: isOption ? undefined : file, more };
}

/**
 * Variables without which a worker cannot find the store and the checkpoints, or has no access to
 * them.
 */
const needed = /^(PG[A-Z]+|AWS_[A-Z_]+|CLADE_[A-Z]+)$/;

/**
 * With `--export=NONE`, which some sites set in SBATCH_EXPORT, jobs do not get the environment.
 * The script contains the values without secrets. It must not contain the others.
 */
export function requireEnvironment(
  more: readonly string[],
  environment: NodeJS.ProcessEnv,
  storeIsInScript: boolean,
): void {
  const exported = exportOf(more) ?? environment.SBATCH_EXPORT;
  if (exported === undefined) return;
  const kept = exported.split(",").map((item) => item.split("=")[0]!);
  if (kept.includes("ALL")) return;
  const lost = Object.keys(environment).filter(
    (name) =>
      needed.test(name) &&
      !kept.includes(name) &&
      environment[name] !== "" &&
      !(name === "CLADE_STORE" && storeIsInScript),
  );
  if (lost.length === 0) return;
  const rule = `keeps ${lost.join(", ")} from the jobs`;
  const remedy =
    `use --export=ALL, or name them as in --export=${lost.join(",")}; ` +
    "passwords in ~/.pgpass and keys in ~/.aws reach jobs without it";
  throw bad("--export", exported, rule, remedy);
}

/** The last one counts. */
function exportOf(more: readonly string[]): string | undefined {
  const at = more.findLastIndex((word) => /^--export(=|$)/.test(word));
  if (at < 0) return undefined;
  const [, value] = more[at]!.split(/=(.*)/s);
  return value ?? more[at + 1] ?? "";
}

function bad(path: string, value: string, rule: string, remedy: string): BadInputError {
  return new BadInputError([{ path, value, rule, remedy }]);
}
