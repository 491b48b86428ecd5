/**
 * Whether a trainer still writes when it says that it has saved. Only Linux can tell, and only for
 * processes of this machine and user.
 */
import { readdirSync, readFileSync, readlinkSync, realpathSync } from "node:fs";
import { relative } from "node:path";

/**
 * The name of a file in the directory that a process, or one that it has started, has open or
 * mapped for writing.
 */
export function openForWriting(pid: number, directory: string): string | undefined {
  const real = unlessGone(() => realpathSync(directory));
  if (real === undefined) return undefined;
  const below = `${real}/`;
  for (const each of withChildren(pid)) {
    const path = openFile(each, below) ?? mappedFile(each, below);
    if (path !== undefined) return relative(below, path.replace(/ \(deleted\)$/, ""));
  }
  return undefined;
}

function* withChildren(pid: number): Generator<number> {
  yield pid;
  for (const thread of unlessGone(() => readdirSync(`/proc/${pid}/task`)) ?? []) {
    const children =
      unlessGone(() => readFileSync(`/proc/${pid}/task/${thread}/children`, "latin1")) ?? "";
    for (const child of children.split(" ").filter((each) => each !== ""))
      yield* withChildren(Number(child));
  }
}

function openFile(pid: number, below: string): string | undefined {
  const descriptors = unlessGone(() => readdirSync(`/proc/${pid}/fd`)) ?? [];
  for (const descriptor of descriptors) {
    const path = unlessGone(() => readlinkSync(`/proc/${pid}/fd/${descriptor}`));
    if (!path?.startsWith(below)) continue;
    const information =
      unlessGone(() => readFileSync(`/proc/${pid}/fdinfo/${descriptor}`, "latin1")) ?? "";
    // In octal; the last two bits are 0 for reading only.
    if (/^flags:\s+[0-7]*[^04]$/m.test(information)) return path;
  }
  return undefined;
}

function mappedFile(pid: number, below: string): string | undefined {
  const maps = unlessGone(() => readFileSync(`/proc/${pid}/maps`, "latin1")) ?? "";
  // The directory's name is in Latin-1 as its bytes are.
  const line = maps.includes(Buffer.from(below).toString("latin1")) && /^\S+ .w.s .*?(\/.*)$/gm;
  if (!line) return undefined;
  for (const [, found] of maps.matchAll(line)) {
    const path = Buffer.from(found!, "latin1").toString();
    if (path.startsWith(below)) return path;
  }
  return undefined;
}

/** A process may end meanwhile, and that of another user cannot be read. */
function unlessGone<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch {
    return undefined;
  }
}
