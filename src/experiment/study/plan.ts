/** The runs that a study consists of. */
import { BadInputError, below, type Problem } from "../../algorithm/problem.ts";
import type { ScheduleSegment } from "../../algorithm/schedule.ts";
import { show } from "../../algorithm/show.ts";
import type { Hyperparameters } from "../../algorithm/snapshot.ts";
import type { Experiment } from "../experiment.ts";
import { replaced, type Settings, withSettings } from "../settings.ts";
import { baselines, fixed, givenBy, stepsOf } from "./baselines.ts";
import { givenByFollowing, replaySettings } from "./followers.ts";
import type { Study, Variant } from "./study.ts";

/** A variant at a point of the grid: what is run once for each seed. */
export interface PlannedVariant {
  /** Unique within the study, such as "pbt population=10". */
  readonly label: string;
  readonly method: string;
  readonly point: Settings;
  /** The label of the variant whose result it needs, with the same seed. */
  readonly follows?: string;
  /**
   * The settings that make this variant of the experiment, without the seed. A variant that
   * follows another needs what that one's best model found; without it the settings that are known
   * in advance are given. Throws a `BadInputError` with paths in the study.
   */
  settings(experiment: Experiment, found?: Found): Settings;
}

/** The best model of a run. */
export interface Found {
  readonly schedule: readonly ScheduleSegment[];
  readonly hyperparameters: Hyperparameters;
}

/**
 * The variants of a study at every point of its grid, each once, in an order in which they can be
 * run.
 */
export function planStudy(study: Study): readonly PlannedVariant[] {
  const plan = study.variants.flatMap((variant) => {
    const axes = Object.entries(study.grid).filter(([path]) => varies(study, variant, path));
    return pointsOf(axes).map((point) => planned(study, variant, point));
  });
  return [...new Map(plan.map((variant) => [variant.label, variant])).values()];
}

/** Whether a setting of the grid changes a variant, or the one that it follows. */
function varies(study: Study, variant: Variant, path: string): boolean {
  const followed = followedBy(study, variant);
  if (followed && varies(study, followed, path)) return true;
  const { baseline, fixed, follows, settings } = variant;
  const given = follows
    ? givenByFollowing[follows.what]
    : (givenBy[baseline ?? (fixed ? "fixed" : "")] ?? []);
  return !given.includes(path.split(".")[0]!) && !Object.hasOwn(settings, path);
}

function followedBy(study: Study, { follows }: Variant): Variant | undefined {
  return follows && study.variants.find(({ method }) => method === follows.method);
}

function planned(study: Study, variant: Variant, point: Settings): PlannedVariant {
  const { method, follows, baseline } = variant;
  // Applied together, so that a strategy of one keeps the options of the other.
  const own = replaced(study.settings, { ...point, ...variant.settings });
  const followed = followedBy(study, variant);
  const shared = Object.entries(point).filter(
    ([path]) => followed && varies(study, followed, path),
  );
  return {
    label: labelOf(method, point),
    method,
    point,
    ...(follows && { follows: labelOf(follows.method, Object.fromEntries(shared)) }),
    settings(experiment, found) {
      try {
        const changed = withSettings(experiment, own);
        const settings = replaced(own, {
          name: `${study.name}-${method}`,
          ...settingsOf(changed),
        });
        withSettings(experiment, settings);
        return settings;
      } catch (error) {
        if (!(error instanceof BadInputError)) throw error;
        throw new BadInputError(
          error.problems.map((problem) => placed(problem, study, variant, point)),
        );
      }
      function settingsOf(changed: Experiment): Settings {
        if (baseline !== undefined) return baselines[baseline]!(changed);
        if (variant.fixed) return fixed(changed, variant.fixed as Hyperparameters);
        if (!follows || !found) return {};
        if (follows.what === "final") return fixed(changed, found.hyperparameters);
        return replaySettings(found.schedule, changed.population, stepsOf(changed));
      }
    },
  };
}

/** Every combination of the values of the axes. */
function pointsOf(
  axes: readonly (readonly [path: string, values: readonly unknown[]])[],
): Settings[] {
  return axes.reduce<Settings[]>(
    (points, [path, values]) =>
      points.flatMap((point) => values.map((value) => ({ ...point, [path]: value }))),
    [{}],
  );
}

/** "pbt population=10 exploit=tTestSelection". */
function labelOf(method: string, point: Settings): string {
  const values = Object.entries(point).map(
    ([path, value]) => `${path}=${typeof value === "string" ? value : show(value)}`,
  );
  return [method, ...values].join(" ");
}

/** Places a problem below the part of the study that gives the setting. */
function placed(
  problem: Problem,
  study: Study,
  { method, settings }: Variant,
  point: Settings,
): Problem {
  const [group] = problem.path.split(".");
  const gives = (part: Settings) => Object.keys(part).some((path) => path.split(".")[0] === group);
  if (gives(settings)) return below(`variants.${method}`, problem);
  if (gives(point)) return below("grid", problem);
  return below(gives(study.settings) ? "settings" : `variants.${method}`, problem);
}
