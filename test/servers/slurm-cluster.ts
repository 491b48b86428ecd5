/**
 * A private Slurm cluster: a controller and several nodes on this machine, in a temporary
 * directory. Needs root and Debian's slurm-wlm and munge.
 */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { freePort } from "./ports.ts";

export interface SlurmCluster extends AsyncDisposable {
  /** What clients need. */
  readonly environment: { readonly SLURM_CONF: string };
  /** Runs one of Slurm's commands and resolves what it prints. */
  slurm(command: string, ...words: string[]): string;
  killNode(index: number): void;
  startNode(index: number): void;
}

/** Why there can be no cluster here; undefined if there can. */
export function noSlurm(): string | undefined {
  if (process.getuid?.() !== 0) return "needs root to start a cluster of Slurm";
  const programs = ["/usr/sbin/slurmctld", "/usr/sbin/slurmd", "/usr/sbin/munged"];
  return programs.every((program) => existsSync(program))
    ? undefined
    : "needs Slurm, and it is not installed";
}

/**
 * Two partitions have all nodes: `usual`, and `urgent`, whose jobs preempt those of the other.
 * Each node takes two tasks.
 */
export async function startSlurm(nodes: number): Promise<SlurmCluster> {
  const directory = mkdtempSync(join(tmpdir(), "clade-slurm-"));
  const path = (name: string) => join(directory, name);
  for (const name of ["state", "spool", "munge"]) mkdirSync(path(name), { mode: 0o755 });
  const socket = path("munge/socket");
  writeFileSync(path("munge/key"), "k".repeat(128), { mode: 0o400 });
  const children: ChildProcess[] = [];
  const environment = { ...process.env, SLURM_CONF: path("slurm.conf") };
  const start = (program: string, ...words: string[]) => {
    const child = spawn(program, words, { env: environment, stdio: "ignore", detached: true });
    children.push(child);
    return child;
  };
  const munge = [
    "--socket",
    socket,
    "--key-file",
    path("munge/key"),
    "--pid-file",
    path("munge/pid"),
  ];
  start(
    "/usr/sbin/munged",
    "-F",
    "-f",
    ...munge,
    "--log-file",
    path("munge/log"),
    "--seed-file",
    path("munge/seed"),
  );

  const ports = await Promise.all(Array.from({ length: nodes + 1 }, freePort));
  const names = Array.from({ length: nodes }, (_, index) => `node${index}`);
  const lines = [
    "ClusterName=clade",
    `SlurmctldHost=${hostname()}(127.0.0.1)`,
    `SlurmctldPort=${ports[nodes]}`,
    "SlurmUser=root",
    "SlurmdUser=root",
    `StateSaveLocation=${path("state")}`,
    `SlurmdSpoolDir=${path("spool")}/%n`,
    `SlurmctldPidFile=${path("slurmctld.pid")}`,
    `SlurmdPidFile=${path("slurmd-%n.pid")}`,
    `SlurmctldLogFile=${path("slurmctld.log")}`,
    `SlurmdLogFile=${path("slurmd-%n.log")}`,
    "AuthType=auth/munge",
    "CryptoType=crypto/munge",
    `AuthInfo=socket=${socket},cred_expire=5`,
    "ProctrackType=proctrack/linuxproc",
    "TaskPlugin=task/none",
    "JobAcctGatherType=jobacct_gather/none",
    "SelectType=select/cons_tres",
    "SelectTypeParameters=CR_Core",
    "SlurmdParameters=config_overrides",
    "SchedulerParameters=bf_interval=1,sched_interval=1",
    "MpiDefault=none",
    "KillWait=5",
    "SlurmdTimeout=10",
    "ReturnToService=1",
    "PreemptType=preempt/partition_prio",
    "PreemptMode=REQUEUE",
    ...names.map(
      (name, index) =>
        `NodeName=${name} NodeHostname=${hostname()} NodeAddr=127.0.0.1 ` +
        `Port=${ports[index]} CPUs=2 RealMemory=1000`,
    ),
    "PartitionName=usual Nodes=ALL Default=YES MaxTime=INFINITE State=UP PriorityTier=1",
    "PartitionName=urgent Nodes=ALL MaxTime=INFINITE State=UP PriorityTier=10",
  ];
  writeFileSync(
    path("slurm.conf"),
    `${lines.filter((line) => !line.startsWith("CryptoType")).join("\n")}\n`,
  );
  while (!existsSync(socket)) await sleep(20);
  start("/usr/sbin/slurmctld", "-D");
  const daemons = names.map((name) => start("/usr/sbin/slurmd", "-D", "-N", name));

  const slurm = (command: string, ...words: string[]) =>
    execFileSync(command, words, {
      env: environment,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "pipe"],
    });
  const isUp = () => {
    try {
      return (
        slurm("sinfo", "-h", "-p", "usual", "-t", "idle", "-o", "%D").trim() === String(nodes)
      );
    } catch {
      return false;
    }
  };
  const endAll = () => {
    // The daemons' children, which have their own sessions, hold the directory's files.
    for (const child of children) child.kill("SIGKILL");
    try {
      execFileSync("pkill", ["-KILL", "-f", directory], { stdio: "ignore" });
    } catch {
      // No process was left.
    }
  };
  for (let attempt = 0; !isUp(); attempt++) {
    if (attempt > 300) {
      endAll();
      throw new Error(`Slurm does not start; see ${directory}`);
    }
    await sleep(100);
  }
  return {
    environment: { SLURM_CONF: path("slurm.conf") },
    slurm,
    killNode(index) {
      daemons[index]!.kill("SIGKILL");
    },
    startNode(index) {
      daemons[index] = start("/usr/sbin/slurmd", "-D", "-N", names[index]!);
    },
    async [Symbol.asyncDispose]() {
      try {
        slurm("scancel", "--user=root");
      } catch {
        // The controller may be gone already.
      }
      await sleep(500);
      endAll();
      await sleep(100);
      rmSync(directory, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
    },
  };
}
