/** Which Python the tests use, and what it has. */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

const named = process.env.PYTHON ?? "python3";
const own = spawnSync(named, ["-c", "import sys; print(sys.executable)"], { encoding: "utf8" });

/** The interpreter itself, since a name can be that of a slow script that looks for one. */
export const python = own.status === 0 ? own.stdout.trim() : named;

const found = (code: string) => spawnSync(python, ["-c", code]).status === 0;
const has = (name: string) =>
  found(`import sys, importlib.util as u; sys.exit(u.find_spec("${name}") is None)`);

/** Why the tests that need Python are skipped, or undefined. */
export const withoutPython = found("import sys; sys.exit(sys.version_info < (3, 9))")
  ? undefined
  : `needs Python 3.9 or later, and there is none at ${python} (PYTHON names another)`;

export const withoutTorch =
  withoutPython ?? (has("torch") ? undefined : `needs PyTorch, and ${python} has none`);

export const withoutGymnasium =
  withoutTorch ?? (has("gymnasium") ? undefined : `needs Gymnasium, and ${python} has none`);

/** The client, from the checkout. */
export const clientPath = fileURLToPath(new URL("../../python/src", import.meta.url));
