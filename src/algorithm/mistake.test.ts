import { expect, test } from "vitest";
import * as z from "zod";
import { mistake, problemsOf } from "./mistake.ts";

const problemsIn = (schema: z.ZodObject, input: unknown) => {
  const { error } = schema.safeParse(input);
  return error ? problemsOf(error, input, "an option", Object.keys(schema.shape)) : [];
};

test("a rule and its remedy arrive as two fields, whatever is written in them", () => {
  const schema = z.object({
    type: z.number(mistake("must be a number; or two", "give one; such as 1")),
    check: z.number().max(1, mistake("must be at most 1", "give a share")),
    refined: z.number().refine((value) => value !== 1, mistake("moves nothing", "give 2")),
  });
  expect(problemsIn(schema, { type: "1", check: 2, refined: 1 })).toEqual([
    {
      path: "type",
      value: '"1"',
      rule: "must be a number; or two",
      remedy: "give one; such as 1",
    },
    { path: "check", value: "2", rule: "must be at most 1", remedy: "give a share" },
    { path: "refined", value: "1", rule: "moves nothing", remedy: "give 2" },
  ]);
});

test("a schema without a mistake of its own has Zod's message for a rule", () => {
  const schema = z.object({ own: z.number({ error: "is no number" }) });
  expect(problemsIn(schema, { own: "1" })).toEqual([
    { path: "own", value: '"1"', rule: "is no number", remedy: "correct the value" },
  ]);
});

test("a key that is not known gets the nearest that is", () => {
  const schema = z.strictObject({ fraction: z.number().optional() });
  expect(problemsIn(schema, { fracton: 3 })).toEqual([
    {
      path: "fracton",
      value: "3",
      rule: "is not an option",
      remedy: 'did you mean "fraction"?',
    },
  ]);
});
