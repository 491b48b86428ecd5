/**
 * A search space made of declared hyperparameters. Conditions form a forest: a hyperparameter is
 * decided after the one it depends on.
 */
import { nearest } from "../../algorithm/nearest.ts";
import { BadInputError, type Problem } from "../../algorithm/problem.ts";
import type { Random } from "../../algorithm/random.ts";
import type { SearchSpace } from "../../algorithm/search-space.ts";
import { show } from "../../algorithm/show.ts";
import type { Hyperparameters, HyperparameterValue } from "../../algorithm/snapshot.ts";
import { maxHyperparameters, nameMistake } from "../bounds.ts";
import type { Conditional } from "./conditional.ts";
import { type Declared, isDeclared } from "./declared.ts";
import { drawnWhere, satisfiesAll, type Where } from "./relation.ts";

/** The hyperparameters of an experiment by name, as a user declares them. */
export type SpaceDeclaration = { readonly [name: string]: Declared };

/**
 * The space of a declaration without problems. Draws satisfy all conditions; what is drawn or
 * moved otherwise is asked whether it does.
 */
export function searchSpace(
  declaration: SpaceDeclaration,
  wheres: readonly Where[] = [],
): SearchSpace {
  const names = inOrderOfConditions(declaration);

  function applies(name: string, values: Hyperparameters): boolean {
    const condition = conditionOf(declaration[name]!);
    return condition === undefined || condition.values.includes(values[condition.on]!);
  }
  function drawn(random: Random): Hyperparameters {
    const values: Record<string, HyperparameterValue> = {};
    for (const name of names) {
      // Drawn even where it does not apply, so that the other draws do not depend on conditions.
      const value = declaration[name]!.sample(random);
      if (applies(name, values)) values[name] = value;
    }
    return values;
  }
  return {
    names,
    hyperparameter: (name) => declaration[name]!,
    sample: (random) => drawnWhere(() => drawn(random), wheres),
    satisfies: (values) => satisfiesAll(wheres, values),
    settle(hyperparameters, random) {
      const settled: Record<string, HyperparameterValue> = {};
      for (const name of names) {
        if (!applies(name, settled)) continue;
        const declared = declaration[name]!;
        const value = hyperparameters[name] ?? declared.sample(random);
        const admitted = declared.nearest(value);
        if (admitted === undefined)
          throw new BadInputError([outside(`hyperparameters.${name}`, value, declared)]);
        settled[name] = admitted;
      }
      return settled;
    },
  };
}

/** What is wrong with a declaration, with paths such as `learningRate`. */
export function spaceProblems(declaration: SpaceDeclaration): Problem[] {
  const names = Object.keys(declaration);
  if (names.length > maxHyperparameters) {
    const rule = `may be at most ${maxHyperparameters}`;
    const value = `${names.length} hyperparameters`;
    return [
      {
        path: "",
        value,
        rule,
        remedy: "give a group of them one factor that the trainer applies",
      },
    ];
  }
  return names.flatMap((name): Problem[] => {
    const declared = declaration[name]!;
    const mistake = nameMistake(name);
    if (mistake) return [{ path: name, value: show(name), ...mistake }];
    if (!isDeclared(declared)) return [notDeclared(name, declared)];
    const problems = declared.mistakes.map((mistake) => ({
      path: name,
      value: declared.written,
      ...mistake,
    }));
    const condition = conditionOf(declared);
    if (!condition) return problems;
    const on = own(declaration, condition.on);
    if (on === undefined) {
      problems.push({
        path: name,
        value: declared.written,
        rule: `there is no hyperparameter ${show(condition.on)} to depend on`,
        remedy: nearest(
          String(condition.on),
          names.filter((other) => other !== name),
        ),
      });
    } else if (!isDeclared(on)) {
      // It has a problem of its own.
    } else if (declared.inherited && !on.inherited) {
      problems.push({
        path: name,
        value: declared.written,
        rule: `is inherited, but ${condition.on} is not, so it would come and go`,
        remedy: `let ${condition.on} be inherited as well`,
      });
    } else if (dependsOnItself(declaration, name)) {
      problems.push({
        path: name,
        value: declared.written,
        rule: "conditions must not form a circle",
        remedy: "let one of the hyperparameters exist always",
      });
    } else {
      const impossible = condition.values.filter((value) => !on.admits(value));
      if (impossible.length > 0) {
        problems.push({
          path: name,
          value: declared.written,
          rule: `${condition.on} is never ${impossible.map(show).join(" or ")}`,
          remedy: `use a value of ${on.written}`,
        });
      }
    }
    return problems;
  });
}

/** What is wrong with hyperparameters that a user gave, such as a value outside its space. */
export function valueProblems(
  declaration: SpaceDeclaration,
  values: object,
  path: string,
): Problem[] {
  return Object.entries(values).flatMap(([name, value]) => {
    const declared = own(declaration, name);
    if (declared === undefined) {
      const remedy = nearest(name, Object.keys(declaration));
      return [
        {
          path: `${path}.${name}`,
          value: show(value),
          rule: "is not a hyperparameter of this experiment",
          remedy,
        },
      ];
    }
    return declared.admits(value) ? [] : [outside(`${path}.${name}`, value, declared)];
  });
}

function notDeclared(path: string, value: unknown): Problem {
  const remedy =
    typeof value === "function"
      ? "call it with its bounds or options"
      : `declare it, for example constant(${show(value)}) or uniform(0, 1)`;
  return { path, value: show(value), rule: "is not a hyperparameter", remedy };
}

function dependsOnItself(declaration: SpaceDeclaration, name: string): boolean {
  const seen = new Set<string>();
  let on = conditionOf(own(declaration, name))?.on;
  for (; on !== undefined && !seen.has(on); on = conditionOf(own(declaration, on))?.on)
    seen.add(on);
  return seen.has(name);
}

/** Without what every object inherits, such as `constructor`. */
function own(declaration: SpaceDeclaration, name: string): Declared | undefined {
  return Object.hasOwn(declaration, name) ? declaration[name] : undefined;
}

function outside(path: string, value: unknown, declared: Declared): Problem {
  return {
    path,
    value: show(value),
    rule: `is outside ${declared.written}`,
    remedy: "give an allowed value, or widen it",
  };
}

function conditionOf(declared: Declared | undefined) {
  return (declared as Partial<Conditional<HyperparameterValue>> | undefined)?.condition;
}

/**
 * Orders names so that each comes after the one that it depends on. Leaves out those on a circle
 * and those that depend on an unknown one.
 */
function inOrderOfConditions(declaration: SpaceDeclaration): string[] {
  const ordered: string[] = [];
  let waiting = Object.keys(declaration);
  for (;;) {
    const next = waiting.filter((name) => {
      const condition = conditionOf(declaration[name]!);
      return condition === undefined || ordered.includes(condition.on);
    });
    if (next.length === 0) return ordered;
    ordered.push(...next);
    waiting = waiting.filter((name) => !next.includes(name));
  }
}
