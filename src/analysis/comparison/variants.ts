/** Which runs are seeds of one variant, and what the variants are called. */
import type { Run } from "../../population-store/population-store.ts";
import type { History } from "../history.ts";

/** Runs that differ in their seeds only. */
export interface Variant {
  /** Unique among the compared. */
  readonly name: string;
  /** Variants of one method differ in their points only. */
  readonly method: string;
  /**
   * Settings by path: where the variant lies on its study's grid, or how it differs from others of
   * the same name.
   */
  readonly point: { readonly [path: string]: unknown };
  /** The method that its study compares with. */
  readonly baseline?: string;
  readonly histories: readonly History[];
}

/**
 * Groups runs into variants, in the order of their first runs: a study's runs by its variants,
 * others by everything that they record except their name and seed.
 */
export function variantsOf(histories: readonly History[]): readonly Variant[] {
  const groups = [...Map.groupBy(histories, ({ run }) => keyOf(run)).values()];
  const studies = new Set(histories.map(({ run }) => run.study?.name));
  const names = Map.groupBy(groups, (group) => group[0]!.run.experiment.name);
  return groups.map((group) => {
    const { study, experiment } = group[0]!.run;
    if (study) {
      const { method, point, baseline } = study;
      const name = studies.size > 1 ? `${study.name}: ${study.variant}` : study.variant;
      return {
        name,
        method,
        point,
        ...(baseline !== undefined && { baseline }),
        histories: group,
      };
    }
    const namesakes = names.get(experiment.name)!.filter(([first]) => !first!.run.study);
    const point = differences(
      group[0]!.run,
      namesakes.map(([first]) => first!.run),
    );
    const words = Object.entries(point).map(([path, value]) => ` ${path}=${shown(value)}`);
    return {
      name: experiment.name + words.join(""),
      method: experiment.name,
      point,
      histories: group,
    };
  });
}

function keyOf(run: Run): string {
  const { study } = run;
  if (study) return JSON.stringify([study.name, study.variant]);
  // Runs of one name stay apart from a control of another, even where both record the same.
  return JSON.stringify([
    run.experiment.name,
    ...[...settingsOf(run)].sort(([a], [b]) => (a < b ? -1 : 1)),
  ]);
}

/**
 * The settings by which a run differs from some of the others. An option of a strategy
 * distinguishes only runs of that strategy.
 */
function differences(run: Run, others: readonly Run[]): { readonly [path: string]: unknown } {
  const own = settingsOf(run);
  const settings = others.map(settingsOf);
  const differs = ([path, value]: readonly [string, unknown]) => {
    const group = path.split(".")[0]!;
    return settings.some(
      (other) =>
        JSON.stringify(other.get(path)) !== JSON.stringify(value) &&
        (path === group || other.get(group) === own.get(group)),
    );
  };
  return Object.fromEntries([...own].filter(differs));
}

/**
 * By path, as `--set` writes them. Scales follow from the hyperparameters, and older versions did
 * not record them.
 */
function settingsOf({ experiment, source }: Run): ReadonlyMap<string, unknown> {
  const { name, scales, ready, exploit, explore, budget, hyperparameters, ...plain } = experiment;
  const settings = new Map<string, unknown>(Object.entries(plain));
  for (const [group, strategy] of Object.entries({ ready, exploit, explore })) {
    settings.set(group, strategy.name);
    for (const [option, value] of Object.entries(strategy.options))
      settings.set(`${group}.${option}`, value);
  }
  for (const [group, values] of Object.entries({ budget, hyperparameters })) {
    for (const [option, value] of Object.entries(values))
      settings.set(`${group}.${option}`, value);
  }
  if (source) settings.set("file", source.file);
  return settings;
}

function shown(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}
