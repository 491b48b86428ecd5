/** Conditions in an experiment file: `where: batch >= 2 * minibatch`, or a list of them. */
import { compileExpression } from "filtrex";
import { nearest } from "../../algorithm/nearest.ts";
import type { Problem } from "../../algorithm/problem.ts";
import { show } from "../../algorithm/show.ts";
import type { WrittenWhere } from "../search-space/relation.ts";

/** Undefined for what cannot be read, and then the problems say why. */
export function readWhere(
  form: unknown,
  names: readonly string[],
  problems: Problem[],
): readonly WrittenWhere[] | undefined {
  const before = problems.length;
  const wheres = [form].flat().flatMap((text) => read(text, names, problems) ?? []);
  return problems.length === before ? wheres : undefined;
}

function read(
  text: unknown,
  names: readonly string[],
  problems: Problem[],
): WrittenWhere | undefined {
  const bad = (rule: string, remedy = "write for example batch >= 2 * minibatch") => {
    problems.push({ path: "where", value: show(text), rule, remedy });
    return undefined;
  };
  if (typeof text !== "string") return bad("must be a text, or a list of texts");
  let holds: (values: object) => unknown;
  try {
    holds = compileExpression(plainNumbers(text), { constants: { true: true, false: false } });
  } catch {
    return bad(
      "is not a condition that can be read",
      'write for example batch >= 2 * minibatch, or optimizer == "adam" and rate < 0.1',
    );
  }
  const asked = namesIn(plainNumbers(text));
  const unknown = asked.find((name) => !names.includes(name));
  if (unknown !== undefined)
    return bad(
      `${unknown} is not a hyperparameter`,
      text.includes("'") ? "write texts in double quotes" : nearest(unknown, names),
    );
  const where = (values: { readonly [name: string]: unknown }) => {
    // It says nothing about a hyperparameter that does not exist under these values.
    if (asked.some((name) => values[name] === undefined)) return true;
    const found = holds(values);
    if (found instanceof Error) throw found;
    return found as boolean;
  };
  return Object.assign(where, { written: text });
}

/** The language has neither 1e-3 nor .5 of YAML. */
function plainNumbers(text: string): string {
  return text.replaceAll(/"(?:\\.|[^"\\])*"|'[^']*'|[\w.]*\.?\d+(?:[eE][-+]?\d+)?/g, (found) => {
    const isNumber = /^(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?$/.test(found);
    return isNumber ? decimal(Number(found)) : found;
  });
}

/** Without an exponent, and with all of its digits. */
function decimal(value: number): string {
  const fixed = value.toFixed(20);
  return fixed.includes("e") ? fixed : fixed.replace(/\.?0+$/, "");
}

const words = new Set(["and", "or", "not", "in", "of", "mod", "if", "then", "else"]);
const constants = new Set(["true", "false"]);

/** The hyperparameters that an expression names: words outside of texts that are not functions. */
function namesIn(text: string): string[] {
  const found = text
    .replaceAll(/"(?:\\.|[^"\\])*"/g, "")
    .matchAll(/'([^']+)'|([A-Za-z_][\w.]*)(?!\w*\s*\()/g);
  const names = [...found].map(([, quoted, name]) => quoted ?? name!);
  return [...new Set(names)].filter((name) => !words.has(name) && !constants.has(name));
}
