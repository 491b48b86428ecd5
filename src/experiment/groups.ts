import * as z from "zod/mini";
import { builtInStrategies } from "../algorithm/built-in-strategies.ts";
import { generationsOf } from "./budget.ts";
import type { ExperimentDescription } from "./experiment.ts";

/** The name of a member's group; undefined where the exploit of its run has no groups. */
export type GroupOf = (member: number) => string | undefined;

export function groupsOf(experiment: ExperimentDescription): GroupOf {
  const { exploit, population: size } = experiment;
  const found = builtInStrategies.exploit.find(
    ({ definition }) => definition.name === exploit.name,
  );
  const { groupOf, options: shape = {} } = found?.definition ?? {};
  // A user's own function may have the name of a built-in one.
  if (!groupOf || !z.strictObject(shape).safeParse(exploit.options).success)
    return () => undefined;
  const facts = { size, generations: generationsOf(experiment) };
  return (member) => groupOf(exploit.options as never, member, facts);
}
