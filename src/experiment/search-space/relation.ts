/** What the hyperparameters of a space have to satisfy together. */
import { BadInputError, type Problem } from "../../algorithm/problem.ts";
import { randomStream } from "../../algorithm/random.ts";
import type { SearchSpace } from "../../algorithm/search-space.ts";
import { show } from "../../algorithm/show.ts";
import type { Hyperparameters } from "../../algorithm/snapshot.ts";

/** True for what is wanted: `({ batch, minibatch }) => batch >= 2 * minibatch`. */
export type Where<H = Hyperparameters> = (hyperparameters: H) => boolean;

/** One that was read from a file keeps its text. */
export interface WrittenWhere extends Where {
  readonly written?: string;
}

/** The conditions of a declaration, which has one, a list, or none. */
export function wheresOf(where: unknown): readonly WrittenWhere[] {
  return where === undefined ? [] : ([where].flat() as WrittenWhere[]);
}

/** "batch >= 2 * minibatch", or how else a condition is called. */
export function nameOfWhere({ written, name }: WrittenWhere): string {
  return written ?? (name === "" || name === "where" ? "a function" : name);
}

/**
 * Whether all conditions hold. Throws a `BadInputError` that names one which fails, or says
 * something else than true or false.
 */
export function satisfiesAll(wheres: readonly WrittenWhere[], values: Hyperparameters): boolean {
  return wheres.every((where) => {
    const bad = (rule: string) => {
      const remedy = "return true for the hyperparameters that are wanted, and false for others";
      return new BadInputError([{ path: "where", value: nameOfWhere(where), rule, remedy }]);
    };
    let found: unknown;
    try {
      found = where(values);
    } catch (error) {
      throw bad(`fails for ${show(values)}: ${(error as Error).message}`);
    }
    if (typeof found !== "boolean") throw bad(`gives ${show(found)} for ${show(values)}`);
    return found;
  });
}

/** So many draws are tried before a space counts as empty. */
const maxDraws = 10_000;

/** A draw in which everything holds. Throws a `BadInputError` where none does. */
export function drawnWhere(
  draw: () => Hyperparameters,
  wheres: readonly WrittenWhere[],
): Hyperparameters {
  const found = firstDrawn(draw, wheres);
  if (!found) throw new BadInputError([impossible(wheres)]);
  return found;
}

function firstDrawn(
  draw: () => Hyperparameters,
  wheres: readonly WrittenWhere[],
): Hyperparameters | undefined {
  for (let draws = 0; draws < maxDraws; draws++) {
    const values = draw();
    if (satisfiesAll(wheres, values)) return values;
  }
  return undefined;
}

function impossible(wheres: readonly WrittenWhere[]): Problem {
  return {
    path: "where",
    value: wheres.map(nameOfWhere).join(", "),
    rule: `does not hold for any of ${maxDraws.toLocaleString("en-US")} draws`,
    remedy: "change it, or the ranges that it is about",
  };
}

/** A condition is tried on so many draws before a run. */
const tries = 100;

/** What is wrong with the conditions of a space, and with given values that they do not allow. */
export function whereProblems(
  where: unknown,
  space: Pick<SearchSpace, "sample" | "settle">,
  initial: readonly (readonly [path: string, values: Hyperparameters])[],
): Problem[] {
  const wheres = wheresOf(where);
  if (wheres.length === 0) return [];
  const random = randomStream("where");
  const isPossible = (values: Hyperparameters) =>
    firstDrawn(() => space.settle({ ...space.sample(random), ...values }, random), wheres);
  try {
    for (const each of wheres)
      for (let index = 0; index < tries; index++) satisfiesAll([each], space.sample(random));
    if (!isPossible({})) return [impossible(wheres)];
    return initial.flatMap(([path, values]) => {
      if (isPossible(values)) return [];
      const rule = `does not satisfy where: ${wheres.map(nameOfWhere).join(", ")}`;
      return [{ path, value: show(values), rule, remedy: "give values that do" }];
    });
  } catch (error) {
    if (!(error instanceof BadInputError)) throw error;
    return [...error.problems];
  }
}
