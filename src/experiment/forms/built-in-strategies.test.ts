import { Ajv } from "ajv";
import * as clade from "clade";
import { exploitConformance, exploreConformance, readyConformance } from "clade/testing";
import { describe, expect, test } from "vitest";
import { globalRegistry } from "zod/mini";
import { builtInStrategies } from "../../algorithm/built-in-strategies.ts";
import type { Problem } from "../../algorithm/problem.ts";
import { definitionOf, describeStrategy, strategyProblems } from "../../algorithm/strategy.ts";
import { strategyParts } from "../../algorithm/strategy-parts.ts";
import { describeExperiment } from "../experiment.ts";
import { experimentFromFile } from "../file/experiment-file.ts";
import { experimentJsonSchema } from "../file/experiment-json-schema.ts";
import { formOf, strategyForms } from "./strategy-forms.ts";

const all = strategyParts.flatMap((part) =>
  builtInStrategies[part].map((factory) => ({ part, name: factory.definition.name, factory })),
);
const given = all.filter(({ factory }) => !factory.definition.needsCode);

const file = {
  name: "digits",
  population: 8,
  hyperparameters: { rate: { logUniform: [1e-4, 1] } },
  objective: { maximize: "accuracy" },
  ready: { everySteps: 200 },
  budget: { stepsPerMember: 4000 },
  trainer: "python train.py",
};
const jsonSchema = JSON.parse(JSON.stringify(experimentJsonSchema()));
const matches = new Ajv({ strict: true, allowUnionTypes: true }).compile(jsonSchema);

/** The form of its example, with every option that has a default. */
function wholeForm({ factory: { definition, from } }: (typeof all)[number]): object {
  return formOf(definition, describeStrategy(from(definition.example)).options);
}

test("every name is there once", () => {
  const names = all.map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
});

describe.each(all)("the $part strategy $name", ({ name, factory }) => {
  const { definition } = factory;

  test("can be imported from clade, under its name", () => {
    expect((clade as Record<string, unknown>)[name]).toBe(factory);
    expect(factory).toHaveProperty("name", name);
  });

  test("says what it does, in one sentence, and what each option is", () => {
    expect(definition.summary).toMatch(/^[A-Z][^.]*\.$/);
    for (const [option, schema] of Object.entries(definition.options))
      if (option !== definition.leading)
        expect(globalRegistry.get(schema)?.description, option).toMatch(/^[A-Z].*\.$/);
  });

  test("has an example that works, or defaults that do", () => {
    const made = factory.from(definition.example);
    expect(strategyProblems(made)).toEqual([]);
    expect(definitionOf(made)).toBe(definition);
  });
});

describe.each(given)("the $part strategy $name, as plain data,", (each) => {
  const { part, name, factory } = each;
  const { definition } = factory;

  test("is read from a file, accepted by the schema, and comes back from a run's record", () => {
    const form = JSON.parse(JSON.stringify(wholeForm(each)));
    const experiment = experimentFromFile({ ...file, [part]: form });
    const recorded = describeExperiment(experiment)[part];
    expect(recorded).toEqual(describeStrategy(factory.from(definition.example)));
    expect(formOf(definition, recorded.options)).toEqual(form);
    expect(matches({ ...file, [part]: form }), JSON.stringify(matches.errors)).toBe(true);
  });

  test("is in the schema, with what it does", () => {
    const kinds = jsonSchema.properties[part].anyOf as { properties?: object }[];
    const kind = kinds.find(({ properties }) => Object.hasOwn(properties ?? {}, name));
    expect(kind).toMatchObject({ description: definition.summary });
  });

  test("can be set, and by its name alone where it has defaults", () => {
    const experiment = experimentFromFile(file);
    const form = wholeForm(each);
    const set = clade.withSettings(experiment, { [part]: form });
    expect(describeExperiment(set)[part].name).toBe(name);
    const hasDefaults = strategyProblems(factory.from()).length === 0;
    const problems: Problem[] = [];
    strategyForms[part].read(name, problems);
    expect(problems.length === 0).toBe(hasDefaults);
  });

  test("is what a misspelt name is told to be", () => {
    const problems: Problem[] = [];
    strategyForms[part].read({ [`${name}x`]: {} }, problems);
    expect(problems).toMatchObject([{ remedy: `did you mean "${name}"?` }]);
  });
});

const cases = [
  ...builtInStrategies.ready.flatMap(({ definition, from }) =>
    readyConformance(from(definition.example)).map((each) => ({ ...each, of: definition.name })),
  ),
  ...builtInStrategies.exploit.flatMap(({ definition, from }) =>
    exploitConformance(from(definition.example)).map((each) => ({ ...each, of: definition.name })),
  ),
  ...builtInStrategies.explore.flatMap(({ definition, from }) =>
    exploreConformance(from(definition.example)).map((each) => ({ ...each, of: definition.name })),
  ),
];

test.each(cases)("$of: $name", async ({ run }) => {
  await run();
});
