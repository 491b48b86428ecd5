/**
 * A user's module that exports what each public function returns: every type that its declarations
 * need has a name in the package. packed.test.ts compiles it under the strictest flags.
 */
import {
  atSteps,
  binaryTournament,
  check,
  checkpointsAt,
  choice,
  command,
  compareRuns,
  conditional,
  constant,
  copy,
  defineExperiment,
  defineStudy,
  everySeconds,
  everySteps,
  filesystemCheckpointStore,
  followSchedule,
  gpBandit,
  integer,
  join,
  keep,
  ladder,
  lead,
  lineage,
  logUniform,
  maximize,
  memoryCheckpointStore,
  memoryPopulationStore,
  minimize,
  mistake,
  nearOne,
  noExploit,
  noExplore,
  normal,
  objectCheckpointStore,
  ordinal,
  perturb,
  planStudy,
  postgresPopulationStore,
  quantized,
  randomStream,
  readHistory,
  readyWhen,
  replay,
  resample,
  restart,
  resume,
  run,
  runStudy,
  schedule,
  sequential,
  serveExperiment,
  sqlitePopulationStore,
  start,
  stop,
  strategy,
  successiveHalving,
  truncationSelection,
  tTestSelection,
  twoSpeeds,
  uniform,
  watch,
  withSettings,
} from "clade";

class Trainer {
  step(_: { rate: number }) {}
  evaluate() {
    return { accuracy: 1 };
  }
  save() {
    return { weights: new Float32Array(1) };
  }
  restore(_: { weights: Float32Array }) {}
}

export const rate = uniform(0, 1);
export const logarithmic = logUniform(1, 2);
export const optimizer = choice("sgd", "adam");
export const momentum = conditional("optimizer", "sgd", uniform(0, 1));
export const three = constant(3);
export const whole = integer(1, 2);
export const near = nearOne(0.5, 0.9);
export const bell = normal(0, 1, { bounds: [0, 1] });
export const ordered = ordinal(1, 2);
export const stepped = quantized(uniform(0, 1), 0.1);

export const most = maximize("accuracy");
export const least = minimize("loss", { final: "heldOut" });
export const experiment = defineExperiment({
  name: "packed",
  population: 2,
  hyperparameters: { rate, optimizer, momentum },
  objective: most,
  budget: { stepsPerMember: 1 },
  trainer: Trainer,
});
export const changed = withSettings(experiment, {});
export const study = defineStudy({ name: "packed", experiment, seeds: 1 });
export const plan = planStudy(study);
export const other = command("./train");

export const exploits = {
  tournament: binaryTournament(),
  ladder: ladder(),
  lead: lead(),
  none: noExploit(),
  sequential: sequential({ stepsPerModel: 1 }),
  halving: successiveHalving({ rungs: [{ generation: 1, from: 4, keep: 2 }] }),
  tTest: tTestSelection(),
  truncation: truncationSelection(),
  twoSpeeds: twoSpeeds(),
};
export const tournament = binaryTournament();
export const explores = {
  perturb: perturb(),
  resample: resample(),
  bandit: gpBandit(),
  none: noExplore(),
};
export const moved = perturb();
export const bandit = gpBandit();
export const followed = followSchedule;
export const readies = [everySteps(1), everySeconds(1), atSteps([1]), readyWhen(() => true)];

export const memory = memoryCheckpointStore();
export const population = memoryPopulationStore();
export const files = filesystemCheckpointStore;
export const sqlite = sqlitePopulationStore;
export const postgres = postgresPopulationStore;
export const places = [checkpointsAt, objectCheckpointStore];

export async function everything() {
  const session = await start(experiment);
  const result = await run(experiment);
  return {
    session,
    result,
    resumed: await resume(population, session.id, experiment),
    joined: await join(population, session.id, experiment),
    watched: watch(population, session.id),
    studied: await runStudy(study),
    checked: await check(experiment),
    history: await readHistory(population, session.id),
    compared: compareRuns([]),
    state: await result.best!.state(),
    trainer: await result.best!.trainer(),
    replayed: await replay(experiment, 1, result.best!.schedule),
  };
}

export const random = randomStream(1);
export const decisions = [keep("why"), stop("why"), copy, restart];
export const told = mistake("rule", "remedy");
export const tools = { lineage, schedule, strategy, serveExperiment };
