/** What the hyperparameters of a space have to satisfy together. */
import { BadInputError, type Problem } from "../../algorithm/problem.ts";
import { type Random, randomStream } from "../../algorithm/random.ts";
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

/** So many draws are tried before a space counts as empty. */
const maxDraws = 10_000;

/** A draw in which everything holds, with some values given. Throws a `BadInputError`. */
export function drawnWhere(
  draw: () => Hyperparameters,
  wheres: readonly WrittenWhere[],
): Hyperparameters {
  for (let draws = 0; draws < maxDraws; draws++) {
    const values = draw();
    if (wheres.every((where) => where(values))) return values;
  }
  throw new BadInputError([impossible(wheres)]);
}

function impossible(wheres: readonly WrittenWhere[]): Problem {
  return {
    path: "where",
    value: wheres.map(nameOfWhere).join(", "),
    rule: `does not hold for any of ${maxDraws.toLocaleString("en-US")} draws`,
    remedy: "change it, or the ranges that it is about",
  };
}

/** What is wrong with the conditions of a space, and with given values that they do not allow. */
export function whereProblems(
  where: unknown,
  space: Pick<SearchSpace, "sample" | "settle">,
  initial: readonly (readonly [path: string, values: Hyperparameters])[],
): Problem[] {
  const wheres = wheresOf(where);
  const tried = wheres.flatMap((each) => tryWhere(each, space));
  if (tried.length > 0 || wheres.length === 0) return tried;
  const holds = (values: Hyperparameters, random: Random) => {
    try {
      drawnWhere(() => space.settle({ ...space.sample(random), ...values }, random), wheres);
      return true;
    } catch {
      return false;
    }
  };
  const random = randomStream("where");
  if (!holds({}, random)) return [impossible(wheres)];
  return initial.flatMap(([path, values]) => {
    if (holds(values, random)) return [];
    const rule = `does not satisfy where: ${wheres.map(nameOfWhere).join(", ")}`;
    return [{ path, value: show(values), rule, remedy: "give values that do" }];
  });
}

/** A condition that fails, or says something else than true or false. */
function tryWhere(where: WrittenWhere, space: Pick<SearchSpace, "sample">): Problem[] {
  const bad = (rule: string) => {
    const remedy = "return true for the hyperparameters that are wanted, and false for others";
    return [{ path: "where", value: nameOfWhere(where), rule, remedy }];
  };
  for (let index = 0; index < 100; index++) {
    const values = space.sample(randomStream("where", index));
    try {
      const found: unknown = where(values);
      if (typeof found !== "boolean") return bad(`gives ${show(found)} for ${show(values)}`);
    } catch (error) {
      return bad(`fails for ${show(values)}: ${(error as Error).message}`);
    }
  }
  return [];
}
