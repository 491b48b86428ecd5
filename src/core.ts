/**
 * The part of Clade that needs nothing from Node: declaring experiments and running them in
 * memory.
 */
export { CladeError } from "./algorithm/clade-error.ts";
export { binaryTournament } from "./algorithm/exploit/binary-tournament.ts";
export {
  copy,
  type Exploit,
  type Exploitation,
  keep,
  type Reason,
  restart,
  stop,
} from "./algorithm/exploit/exploit.ts";
export { ladder } from "./algorithm/exploit/ladder.ts";
export { lead } from "./algorithm/exploit/lead.ts";
export { noExploit } from "./algorithm/exploit/no-exploit.ts";
export { sequential } from "./algorithm/exploit/sequential.ts";
export { successiveHalving } from "./algorithm/exploit/successive-halving.ts";
export { tTestSelection } from "./algorithm/exploit/t-test-selection.ts";
export { truncationSelection } from "./algorithm/exploit/truncation-selection.ts";
export { twoSpeeds } from "./algorithm/exploit/two-speeds.ts";
export type { Explore, Explored, SimpleExplore, Situation } from "./algorithm/explore/explore.ts";
export { followSchedule } from "./algorithm/explore/follow-schedule.ts";
export { gpBandit } from "./algorithm/explore/gp-bandit/gp-bandit.ts";
export { noExplore } from "./algorithm/explore/no-explore.ts";
export { perturb } from "./algorithm/explore/perturb.ts";
export { resample } from "./algorithm/explore/resample.ts";
export type { PopulationHistory } from "./algorithm/history.ts";
export { mistake } from "./algorithm/mistake.ts";
export type { Direction, Population } from "./algorithm/population.ts";
export type { Decision } from "./algorithm/population-based-training.ts";
export { BadInputError, type Problem } from "./algorithm/problem.ts";
export { type Random, randomStream } from "./algorithm/random.ts";
export { atSteps } from "./algorithm/ready/at-steps.ts";
export { everySeconds } from "./algorithm/ready/every-seconds.ts";
export { everySteps } from "./algorithm/ready/every-steps.ts";
export type { Progress, Ready } from "./algorithm/ready/ready.ts";
export { readyWhen } from "./algorithm/ready/ready-when.ts";
export { type ScheduleSegment, schedule } from "./algorithm/schedule.ts";
export type { Hyperparameter, SearchSpace } from "./algorithm/search-space.ts";
export type {
  CheckpointFiles,
  CheckpointId,
  Hyperparameters,
  HyperparameterValue,
  Metrics,
  Snapshot,
  SnapshotId,
} from "./algorithm/snapshot.ts";
export { type DescribedStrategy, type StrategyFactory, strategy } from "./algorithm/strategy.ts";
export { type Comparison, compareRuns } from "./analysis/comparison/compare.ts";
export { type History, readHistory } from "./analysis/history.ts";
export { lineage } from "./analysis/lineage.ts";
export { CheckpointError, type CheckpointStore } from "./checkpoint-store/checkpoint-store.ts";
export { LateWriteError } from "./checkpoint-store/late-write.ts";
export { memoryCheckpointStore } from "./checkpoint-store/memory/memory-checkpoint-store.ts";
export type { Budget } from "./experiment/budget.ts";
export { type CommandOptions, type CommandTrainer, command } from "./experiment/command.ts";
export type { ExperimentDeclaration } from "./experiment/declaration.ts";
export type { Wrong } from "./experiment/declared-types.ts";
export {
  defineExperiment,
  type Experiment,
  type ExperimentDescription,
} from "./experiment/experiment.ts";
export { maximize, minimize, type Objective } from "./experiment/objective.ts";
export { choice } from "./experiment/search-space/choice.ts";
export { type Conditional, conditional } from "./experiment/search-space/conditional.ts";
export { constant } from "./experiment/search-space/constant.ts";
export type { Declared } from "./experiment/search-space/declared.ts";
export { inherited } from "./experiment/search-space/inherited.ts";
export { integer } from "./experiment/search-space/integer.ts";
export { logUniform } from "./experiment/search-space/log-uniform.ts";
export { nearOne } from "./experiment/search-space/near-one.ts";
export { normal } from "./experiment/search-space/normal.ts";
export type { DeclaredNumber } from "./experiment/search-space/numeric.ts";
export { ordinal } from "./experiment/search-space/ordinal.ts";
export { quantized } from "./experiment/search-space/quantized.ts";
export type { Where } from "./experiment/search-space/relation.ts";
export type { SpaceDeclaration } from "./experiment/search-space/search-space.ts";
export { uniform } from "./experiment/search-space/uniform.ts";
export type { ValuesOf } from "./experiment/search-space/values-of.ts";
export { type Settings, withSettings } from "./experiment/settings.ts";
export { type PlannedVariant, planStudy } from "./experiment/study/plan.ts";
export { defineStudy, type Study, type StudyDeclaration } from "./experiment/study/study.ts";
export type {
  Evaluation,
  Place,
  Trainer,
  TrainerContext,
  TrainerSource,
  TrainerState,
} from "./experiment/trainer.ts";
export { memoryPopulationStore } from "./population-store/memory/memory-population-store.ts";
export {
  type ActingNote,
  type Blamed,
  beginning,
  type Changes,
  type Claim,
  type ClaimRequest,
  type ClaimResult,
  type Cursor,
  DamagedRowError,
  type DamagedRun,
  type Failure,
  type FailureCause,
  LeaseLostError,
  type LostModel,
  type Member,
  type MemberState,
  type NewRun,
  type News,
  type Phase,
  type PopulationStore,
  type Publication,
  type PublishedSnapshot,
  type Run,
  RunExistsError,
  type RunId,
  type RunNote,
  RunNotFoundError,
  type RunState,
  type RunWorker,
  SnapshotNotFoundError,
  StoreVersionError,
  type StudyPlace,
  type Trained,
  type WorkerId,
  type WorkerState,
} from "./population-store/population-store.ts";
export { join, replay, resume, run, runStudy, start } from "./run/anywhere.ts";
export type { BestModel } from "./run/best-model.ts";
export type { Host, ProgramOptions } from "./run/program-options.ts";
export type { ResumeOptions } from "./run/resume.ts";
export { RunFailedError } from "./run/run-failed-error.ts";
export { type RunFigure, type RunFigures, runFigures } from "./run/run-figures.ts";
export type { RunResult } from "./run/run-result.ts";
export type { RunSummary } from "./run/run-summary.ts";
export type { RunOptions, RunSession, WorkOptions } from "./run/start.ts";
export type { RunStudyOptions, StudyResult, StudyRun } from "./run/study/run-study.ts";
export { serveExperiment } from "./run/threads/serve-experiment.ts";
export type { WebWorker } from "./run/threads/web-thread.ts";
export { type RunEvent, type WatchOptions, watch } from "./run/watch.ts";
export { TrainerError } from "./trainer/trainer-session.ts";
export { type Measurement, MetricError } from "./worker/measurement.ts";
