/** Tests what a run would do, without a run: mutations, and the whole contract of the trainer. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Experiment } from "../experiment/experiment.ts";
import type { Finding, Report } from "./finding.ts";
import { tryContract } from "./try-contract.ts";
import { tryMembers, tryMutations, tryWhere } from "./try-strategies.ts";

/**
 * What `clade check` says of an experiment. It trains a few generations in this process, and keeps
 * their checkpoints in a temporary directory. Findings of the kind "bad" are mistakes; `report` is
 * told each as soon as it is found.
 */
export async function check<H, M extends string, S, T>(
  experiment: Experiment<H, M, S, T>,
  report: Report = () => {},
): Promise<readonly Finding[]> {
  const directory = await mkdtemp(join(tmpdir(), "clade-"));
  const findings: Finding[] = [];
  try {
    await tryAll(experiment as unknown as Experiment, directory, (finding) => {
      findings.push(finding);
      report(finding);
    });
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
  return findings;
}

/** Keeps checkpoints in an empty directory, which the caller removes. */
export async function tryAll(
  experiment: Experiment,
  directory: string,
  report: Report,
): Promise<void> {
  [...tryWhere(experiment), ...tryMutations(experiment), ...tryMembers(experiment)].forEach(
    report,
  );
  await tryContract(experiment, directory, report);
}
