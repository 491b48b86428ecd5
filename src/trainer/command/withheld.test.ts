import { expect, test } from "vitest";
import { trainerEnvironment } from "./withheld.ts";

const worker = {
  PATH: "/bin",
  HF_TOKEN: "the trainer's own",
  CUDA_VISIBLE_DEVICES: "1",
  AWS_REGION: "eu-central-1",
  CLADE_STORE: "postgres://user:secret@host/runs",
  PGPASSWORD: "secret",
  AWS_SECRET_ACCESS_KEY: "secret",
  AWS_WEB_IDENTITY_TOKEN_FILE: "/secret",
  KUBECONFIG: "/secret",
  SLURM_JWT: "secret",
};

test("a trainer gets the worker's environment without keys to stores and the scheduler", () => {
  const environment = trainerEnvironment(worker, { SEEDS: "1" });
  expect(JSON.stringify(environment)).not.toContain("secret");
  expect(environment).toEqual({
    PATH: "/bin",
    HF_TOKEN: "the trainer's own",
    CUDA_VISIBLE_DEVICES: "1",
    AWS_REGION: "eu-central-1",
    SEEDS: "1",
  });
});

test("what an experiment names with true is passed on, or left out if the worker lacks it", () => {
  const environment = trainerEnvironment(worker, {
    AWS_SECRET_ACCESS_KEY: true,
    AWS_PROFILE: true,
    PATH: "/usr/bin",
  });
  expect(environment.AWS_SECRET_ACCESS_KEY).toBe("secret");
  expect(environment.AWS_PROFILE).toBeUndefined();
  expect(environment.PATH).toBe("/usr/bin");
  expect(environment.PGPASSWORD).toBeUndefined();
});
