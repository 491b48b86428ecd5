import {
  defineExperiment,
  join,
  memoryCheckpointStore,
  memoryPopulationStore,
  resume,
  run,
  start,
  uniform,
  withSettings,
} from "clade";
import { describe, expect, test } from "vitest";
import { climbing, fewClimbers as experiment, unhurried } from "./climbing.test-support.ts";

describe("going on with a run", () => {
  const finished = async () => {
    const populationStore = memoryPopulationStore();
    const result = await run(experiment, { seed: 1, populationStore });
    return { populationStore, id: result.run };
  };

  test("that is done needs a larger budget", async () => {
    const { populationStore, id } = await finished();
    await expect(resume(populationStore, id, experiment)).rejects.toThrow(
      /is done \(.*\), and this budget leaves nothing to do; give the experiment a larger one/,
    );
    const larger = defineExperiment({
      ...climbing,
      population: 4,
      budget: { stepsPerMember: 200 },
    });
    const session = await resume(populationStore, id, larger);
    expect(await session.result).toMatchObject({ totalSteps: 800 });
    expect((await populationStore.run(id)).experiment.budget).toEqual({ stepsPerMember: 200 });
  });

  test("needs the same experiment", async () => {
    const { populationStore, id } = await finished();
    const other = defineExperiment({
      ...climbing,
      population: 4,
      hyperparameters: { rate: uniform(0, 1) },
    });
    const message = "the experiment is not what the run began with";
    await expect(resume(populationStore, id, other)).rejects.toThrow(message);
    await expect(join(populationStore, id, other)).rejects.toThrow(message);
  });

  test("with another budget needs it alone", async () => {
    const populationStore = memoryPopulationStore();
    await using session = await start(unhurried, { seed: 1, populationStore });
    for await (const { type } of session) if (type === "snapshot") break;
    const budget = { stepsPerMember: 200 };
    const larger = withSettings(unhurried, { budget });
    await expect(resume(populationStore, session.id, larger)).rejects.toThrow(
      /work on it as it was; stop it before you change its budget or a strategy/,
    );
    expect((await populationStore.run(session.id)).experiment.budget).not.toEqual(budget);
  });

  test("needs its models", async () => {
    const { populationStore, id } = await finished();
    const checkpoints = () => memoryCheckpointStore();
    await expect(join(populationStore, id, experiment, { checkpoints })).rejects.toThrow(
      "its models are not here; give the option checkpoints with the place",
    );
  });
});
