import { commandGroup } from "../declare/command.ts";
import { submitKubernetes } from "./submit-kubernetes.ts";
import { submitSlurm } from "./submit-slurm.ts";

export const submit = commandGroup({
  name: "submit",
  summary: "hand a run's workers to a cluster that is there",
  commands: [submitSlurm, submitKubernetes],
});
