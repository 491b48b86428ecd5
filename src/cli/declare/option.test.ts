import { Command } from "commander";
import { expect, expectTypeOf, test } from "vitest";
import { wholeNumber } from "../options/parsers.ts";
import { choice, type OptionsOf, option, required, withDefault } from "./option.ts";

const options = [
  option("--yes", "a flag"),
  option("--member-name <text>", "a text"),
  option("--members-per-gpu <n>", "a number", wholeNumber()),
  choice("--format <name>", "a word", ["csv", "json"]),
  required(option("--array <n>", "a number that has to be given", wholeNumber())),
  withDefault(option("--out <file>", "a text with a default"), "report.html"),
] as const;

function parsed(...words: string[]) {
  const command = new Command().exitOverride().configureOutput({ writeErr() {} });
  for (const each of options) command.addOption(each);
  return command.parse(words, { from: "user" }).opts();
}

test("the names and types of options follow from how they are declared", () => {
  expectTypeOf<OptionsOf<typeof options>>().toExtend<{
    readonly yes?: true;
    readonly memberName?: string;
    readonly membersPerGpu?: number;
    readonly format?: "csv" | "json";
    readonly array: number;
    readonly out: string;
  }>();
  expect(parsed("--yes", "--member-name", "a", "--members-per-gpu", "2", "--array", "3")).toEqual({
    yes: true,
    memberName: "a",
    membersPerGpu: 2,
    array: 3,
    out: "report.html",
  });
  expect(parsed("--format", "csv", "--array", "1")).toMatchObject({ format: "csv" });
});

test("a parser that refuses names the option", () => {
  expect(() => parsed("--array", "0")).toThrow("--array must be a whole number of at least 1.");
});
