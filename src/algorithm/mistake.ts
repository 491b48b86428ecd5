/**
 * A schema says what is wrong as a mistake: a rule and its remedy. A message of Zod's is one text,
 * so the two fields travel in the `params` of its issues, where `problemsOf` reads them.
 */
import type * as z from "zod/mini";
import { nearest } from "./nearest.ts";
import type { Mistake, Problem } from "./problem.ts";
import { show } from "./show.ts";

/** What a schema or a check of Zod takes in order to report this mistake. */
export function mistake(rule: string, remedy: string) {
  return mistakeOf(() => ({ rule, remedy }));
}

/** The same for a mistake that depends on what was found. */
export function mistakeOf(find: (input: unknown) => Mistake) {
  return {
    error: (issue: z.core.$ZodRawIssue) => {
      const { rule, remedy } = find(issue.input);
      (issue as { params?: Mistake }).params = { rule, remedy };
      return `${rule}; ${remedy}`;
    },
  };
}

/** Zod's issues as problems. `what` says what a key belongs to that is not one of the known. */
export function problemsOf(
  error: { readonly issues: readonly z.core.$ZodIssue[] },
  input: unknown,
  what: string,
  known: readonly string[],
): readonly Problem[] {
  return error.issues.flatMap((issue) => {
    if (issue.code === "unrecognized_keys") {
      return issue.keys.map((key) => ({
        path: [...issue.path, key].join("."),
        value: show(valueAt(input, [...issue.path, key])),
        rule: `is not ${what}`,
        remedy: nearest(key, known),
      }));
    }
    const path = issue.path.join(".");
    // What is wrong with a key of a record is within the issue.
    if (issue.code === "invalid_key")
      return issue.issues.map((inKey) => ({
        path,
        value: show(issue.path.at(-1)),
        ...mistakeIn(inKey),
      }));
    return [{ path, value: show(valueAt(input, issue.path)), ...mistakeIn(issue) }];
  });
}

function mistakeIn(issue: z.core.$ZodIssue): Mistake {
  const { params } = issue as { params?: Mistake };
  return params?.rule !== undefined
    ? params
    : { rule: issue.message, remedy: "correct the value" };
}

function valueAt(input: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (value, key) => (value as Record<PropertyKey, unknown> | undefined)?.[key],
    input,
  );
}
