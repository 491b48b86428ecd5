/** The faults of a crew's machines. */
import { randomUUID } from "node:crypto";
import {
  appendFileSync,
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { Random } from "../../src/algorithm/random.ts";
import { type Crew, ended, isRoot, leaseMs, type MachineFault } from "./crew.ts";
import { childrenOf, type Machine } from "./machine.ts";

export function faultsOf(crew: Crew): { readonly [what: string]: MachineFault } {
  const { trainer, checkpoints } = crew.options;
  const longer = (random: Random) => leaseMs + random.uniform() * 2_000;
  const processOf = (machine: Machine, random: Random) => random.pick(machine.atWork);

  return {
    async "a worker is killed"(machine, random) {
      const child = processOf(machine, random);
      child.kill("SIGKILL");
      await ended(child);
    },
    async "a worker is frozen for longer than its lease"(machine, random) {
      const child = processOf(machine, random);
      child.kill("SIGSTOP");
      await sleep(longer(random));
      child.kill("SIGCONT");
    },
    async "a machine cannot reach the database"(machine, random) {
      machine.network.refuse();
      await sleep(random.uniform() * 2 * leaseMs);
      machine.network.mend();
    },
    async "a machine hears nothing of the database"(machine, random) {
      machine.network.silence();
      await sleep(longer(random));
      machine.network.mend({ breaks: random.uniform() < 0.5 });
    },
    async "a second copy of a worker runs beside the first"(machine, random) {
      const first = processOf(machine, random);
      machine.network.silence();
      await sleep(1_000);
      const copy = crew.startCopy(machine);
      await sleep(longer(random));
      machine.network.mend();
      await sleep(random.uniform() * 3_000);
      const spare = random.uniform() < 0.5 ? first : copy;
      spare.kill("SIGKILL");
      await ended(spare);
      // The copy is not on the machine's network, where the other faults happen.
      if (spare === first) copy.kill("SIGTERM");
    },
    ...(trainer === "command" && {
      async "a trainer is killed"(machine, random) {
        const [pid] = childrenOf(processOf(machine, random).pid!);
        if (pid === undefined) return;
        crew.trainerFaults++;
        process.kill(pid, "SIGKILL");
      },
    }),
    ...(checkpoints.startsWith("file:") && {
      async "a file is half-written"(_machine, random) {
        leaveHalfWritten(join(fileURLToPath(checkpoints), crew.run), random);
      },
    }),
    ...(isRoot && {
      async "the disk of a cache is full"(machine, random) {
        crew.trainerFaults++;
        const ballast = join(machine.cache, "ballast");
        fill(ballast);
        await sleep(1_000 + random.uniform() * 2_000);
        rmSync(ballast);
      },
    }),
  };
}

/** Uses up all free space. */
function fill(path: string): void {
  for (let bytes = 1024 * 1024; bytes >= 1024; ) {
    try {
      appendFileSync(path, new Uint8Array(bytes));
    } catch {
      bytes /= 2;
    }
  }
}

/**
 * Leaves what a machine leaves that dies while it writes: a temporary file and, on file systems
 * that do not keep the order of writes, a file under its final name.
 */
function leaveHalfWritten(directory: string, random: Random): void {
  const ids = existsSync(directory)
    ? readdirSync(directory).filter((name) => name !== "signed")
    : [];
  if (ids.length === 0) return;
  const folder = join(directory, random.pick(ids));
  try {
    const names = readdirSync(folder).filter((name) => name.endsWith(".checkpoint"));
    const bytes = readFileSync(join(folder, random.pick(names)));
    const half = bytes.subarray(0, bytes.length / 2);
    const name = join(folder, `${randomUUID()}.checkpoint`);
    writeFileSync(`${name}~${randomUUID()}`, half);
    writeFileSync(name, half);
  } catch {
    // It is not written yet, or was collected meanwhile.
  }
}
