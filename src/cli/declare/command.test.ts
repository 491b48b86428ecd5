import { Command } from "commander";
import { expect, test } from "vitest";
import type { Context } from "../context.ts";
import { argument } from "./argument.ts";
import { command, group, listed } from "./command.ts";
import { option } from "./option.ts";

test("a command is loaded when it is named; the help of all commands loads none", async () => {
  const loaded: string[] = [];
  const named = (name: string) =>
    listed({
      summary: `to ${name}`,
      arguments: [argument("<what>", "what")],
      load: async () => {
        loaded.push(name);
        const action = async (_: Context, { fast }: { fast?: true }, what: string) =>
          fast && what === "well" ? 4 : 1;
        return command({ options: [option("--fast", "a flag")], action });
      },
    });
  const exitCodes: number[] = [];
  const parsed = async (...words: string[]) => {
    const all = new Command("all").exitOverride();
    const ended = (code: number) => exitCodes.push(code);
    const line = { context: {} as Context, words, ended };
    await group({ summary: "moves", commands: { walk: named("walk"), run: named("run") } }).addTo(
      all,
      "move",
      line,
    );
    if (words.length > 0) await all.parseAsync(words, { from: "user" });
    return all.commands[0]!;
  };
  expect((await parsed()).helpInformation()).toMatch(
    /^ {2}walk \[options\] <what> +to walk\n {2}run \[options\] <what> +to run$/m,
  );
  expect(loaded).toEqual([]);
  await parsed("move", "run", "--fast", "well");
  expect(loaded).toEqual(["run"]);
  expect(exitCodes).toEqual([4]);
});
