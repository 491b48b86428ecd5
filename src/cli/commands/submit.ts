import { commandGroup } from "../declare/command.ts";
import { submitKubernetes } from "./submit-kubernetes.ts";
import { submitSlurm } from "./submit-slurm.ts";

export const submit = commandGroup({
  name: "submit",
  summary: "run workers on a Slurm or Kubernetes cluster",
  commands: [submitSlurm, submitKubernetes],
});
