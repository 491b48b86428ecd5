/** The tables of the built-in strategies in the documentation, made from their definitions. */
import { builtInStrategies } from "../src/algorithm/built-in-strategies.ts";
import { show } from "../src/algorithm/show.ts";
import { describeStrategy, type StrategyDefinition } from "../src/algorithm/strategy.ts";
import { strategyParts } from "../src/algorithm/strategy-parts.ts";
import { formOf } from "../src/experiment/forms/strategy-forms.ts";

/** Where tables stand, and how they write a strategy. */
export const tables = {
  "docs/strategies.md": inTypeScript,
  "docs/guides/experiment-files.md": inFile,
} as const;

/** A table stands between these two lines. */
const marks = ["<!-- built-in strategies -->", "<!-- end of built-in strategies -->"] as const;

/** The text with its table made again. */
export function withTable(text: string, form: (typeof tables)[keyof typeof tables]): string {
  const [begin, end] = marks.map((mark) => text.indexOf(mark));
  if (begin! < 0 || end! < begin!) throw new Error(`lacks the lines ${marks.join(" and ")}`);
  const before = text.slice(0, begin! + marks[0].length);
  return `${before}\n\n${tableOf(form)}\n\n${text.slice(end)}`;
}

function tableOf(form: (definition: StrategyDefinition) => string | undefined): string {
  const rows = strategyParts.flatMap((part) => {
    const shown = builtInStrategies[part].flatMap(({ definition }) => {
      const text = form(definition);
      return text === undefined ? [] : [`\`${text}\` | ${definition.summary} |`];
    });
    return shown.map((row, index) => (index === 0 ? `| ${part} | ${row}` : `| | ${row}`));
  });
  return ["| | strategy | what it does |", "|---|---|---|", ...rows].join("\n");
}

/** `everySteps(steps)`, `truncationSelection({ fraction, copy })`. */
function inTypeScript({ name, options, leading }: StrategyDefinition): string {
  const names = Object.keys(options);
  if (leading !== undefined) return `${name}(${leading})`;
  return names.length === 0 ? `${name}()` : `${name}({ ${names.join(", ")} })`;
}

/** `{ everySteps: 200, burnInSteps: 0 }`, with all defaults. */
function inFile(definition: StrategyDefinition): string | undefined {
  const { name, options, needsCode, example } = definition;
  if (needsCode) return undefined;
  if (Object.keys(options).length === 0) return name;
  const factory = strategyParts
    .flatMap((part) => [...builtInStrategies[part]])
    .find((each) => each.definition === definition)!;
  // From depth -1, so that the whole example is shown.
  return show(formOf(definition, describeStrategy(factory.from(example)).options), -1);
}
