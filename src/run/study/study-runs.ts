/** Which runs a study consists of, what they are called, and in which order they are run. */
import { CladeError } from "../../algorithm/clade-error.ts";
import { type PlannedVariant, planStudy } from "../../experiment/study/plan.ts";
import type { Study } from "../../experiment/study/study.ts";
import type {
  PopulationStore,
  Run,
  RunId,
  StudyPlace,
} from "../../population-store/population-store.ts";
import { summaryOf } from "../run-summary.ts";
import { studyRunId } from "./study-run-id.ts";

/** A variant with a seed. */
export interface PlannedRun {
  readonly id: RunId;
  readonly seed: number;
  readonly variant: PlannedVariant;
  /** The run whose best model it follows. */
  readonly follows?: RunId;
  /** What the run records of its study. */
  readonly study: StudyPlace;
}

/**
 * One seed after another, with every variant of the plan. A run comes after the one that it
 * follows.
 */
export function studyRuns(study: Study, plan = planStudy(study)): readonly PlannedRun[] {
  const { name, seeds, baseline } = study;
  return seeds.flatMap((seed) =>
    plan.map((variant) => {
      const { label, method, point, follows } = variant;
      return {
        id: studyRunId(study, label, seed),
        seed,
        variant,
        ...(follows !== undefined && { follows: studyRunId(study, follows, seed) }),
        study: {
          name,
          variant: label,
          method,
          point,
          ...(baseline !== undefined && { baseline }),
        },
      };
    }),
  );
}

/** Throws when a run that exists under the planned run's id is another one. */
export function requireOfStudy(existing: Run, { id, study }: PlannedRun): void {
  if (existing.study?.name === study.name && existing.study.variant === study.variant) return;
  throw new CladeError(
    `run ${id}: is not a run of ${study.variant} of study ${study.name}; ` +
      "rename the study or the variant",
  );
}

/** Why the run that another one follows has nothing to be followed. Undefined if it has. */
export async function whyNotFollowed(
  store: PopulationStore,
  { id, state }: Run,
  { seed, variant: { label } }: PlannedRun,
): Promise<string | undefined> {
  if (state.kind === "failed")
    return `run ${id}: failed, so ${label} has nothing to follow with seed ${seed}`;
  if (state.kind !== "done")
    return `run ${id}: has not ended, so ${label} has nothing to follow with seed ${seed}`;
  if ((await summaryOf(store, id)).best !== undefined) return undefined;
  return `run ${id}: has no scored snapshot, so ${label} has nothing to follow`;
}
