/** What a trainer may say: the results of protocol/trainer-protocol.md, version 1. */
import * as z from "zod";
import { hyperparameterValue } from "../../algorithm/hyperparameter-value.ts";
import { mistake } from "../../algorithm/mistake.ts";
import { show } from "../../algorithm/show.ts";

export const protocolVersion = 1;

/** No message needs more than five or so. */
const deepestNesting = 64;

/** No line of the protocol is longer. */
export const maxLineBytes = 16 * 1024 * 1024;

const hyperparameters = z.record(
  z.string(),
  hyperparameterValue,
  mistake("must be an object", "answer with the value in force of each hyperparameter"),
);
const readBack = z
  .array(z.string(), mistake("must be a list", "answer with the names that were read back"))
  .optional();
/** JSON has no NaN and no infinity: null stands for them. */
const nullAsNaN = z
  .number(mistake("must be a number, or null for one that is not finite", "report a number"))
  .nullable()
  .transform((value) => value ?? Number.NaN);
const metrics = z
  .record(z.string(), nullAsNaN, mistake("must be an object", "report numbers by name"))
  .refine((reported) => !("samples" in reported), {
    path: ["samples"],
    ...mistake(
      "is the name of the measurements behind the objective",
      "give the metric another name",
    ),
  });

export const results = {
  initialize: z.object({
    protocol: z.number(mistake("must be a number", "answer with the version of the protocol")),
    trainer: z.string().optional(),
    capabilities: z
      .object({
        repeatedSetup: z.boolean().default(false),
        seconds: z.boolean().default(false),
        readsBack: z.boolean().default(false),
        adjusts: z.boolean().default(false),
      })
      .default({ repeatedSetup: false, seconds: false, readsBack: false, adjusts: false }),
  }),
  setup: z.object({ hyperparameters, readBack }),
  restore: z.object({
    hyperparameters,
    readBack,
    checkpoint: z.string(mistake("must be a string", "answer with the hash of what was loaded")),
  }),
  train: z.object({
    steps: z
      .int(mistake("must be a whole number", "answer with the number of steps that were done"))
      .min(1, mistake("must be at least 1", "answer with the number of steps that were done")),
    hyperparameters: hyperparameters.optional(),
    causes: z
      .record(z.string(), z.string(), mistake("must be an object", "give strings by name"))
      .optional(),
  }),
  evaluate: z.object({
    metrics,
    samples: z.array(nullAsNaN, mistake("must be a list", "report numbers")).optional(),
  }),
  save: z.object({}),
  shutdown: z.object({}),
} as const;

export type Method = keyof typeof results;
export type ResultOf<M extends Method> = z.output<(typeof results)[M]>;

export const notifications = {
  progress: z.object({ steps: z.number().optional() }),
  metrics,
  log: z.object({ text: z.string() }),
} as const;

export type Message =
  | { readonly kind: "result"; readonly id: number | null; readonly result: unknown }
  | {
      readonly kind: "error";
      readonly id: number | null;
      readonly message: string;
      readonly traceback: string | undefined;
    }
  | { readonly kind: "notification"; readonly method: string; readonly params: unknown };

/** A trainer's line as a message; a string says what is wrong with it. */
export function messageOf(line: string): Message | string {
  if (isTooDeep(line))
    return (
      `is nested more than ${deepestNesting} levels deep; ` +
      "send numbers by name, and keep other data in files"
    );
  let value: { [key: string]: unknown };
  try {
    value = JSON.parse(line);
  } catch {
    return /\b(NaN|-?Infinity)\b/.test(line)
      ? "is not JSON, which has no NaN and no infinity; send null instead"
      : "is not JSON; print to standard error, since standard output belongs to the protocol";
  }
  if (typeof value !== "object" || value === null || value.jsonrpc !== "2.0")
    return 'is not a message of JSON-RPC 2.0; send objects with "jsonrpc": "2.0"';
  if (typeof value.method === "string")
    return { kind: "notification", method: value.method, params: value.params };
  const id = value.id as number | null;
  const error = value.error as { message?: unknown; data?: { traceback?: unknown } } | undefined;
  if (typeof error === "object" && error !== null) {
    const traceback = typeof error.data?.traceback === "string" ? error.data.traceback : undefined;
    const message = typeof error.message === "string" ? error.message : show(error.message);
    return { kind: "error", id, message, traceback };
  }
  if ("result" in value) return { kind: "result", id, result: value.result };
  return "is neither an answer nor a notification; send a result, an error or a method";
}

/** Checked before parsing, which would take a minute for a line of nothing but brackets. */
function isTooDeep(line: string): boolean {
  let depth = 0;
  let isInText = false;
  for (let index = 0; index < line.length; index++) {
    const sign = line[index];
    if (isInText) {
      if (sign === "\\") index++;
      else isInText = sign !== '"';
    } else if (sign === '"') isInText = true;
    else if (sign === "[" || sign === "{") {
      depth++;
      if (depth > deepestNesting) return true;
    } else if (sign === "]" || sign === "}") depth--;
  }
  return false;
}

/**
 * A result as its schema has it; a string names each wrong part, its value, the rule and the
 * remedy.
 */
export function parsed<S extends z.ZodType>(schema: S, value: unknown): z.output<S> | string {
  const outcome = schema.safeParse(value);
  if (outcome.success) return outcome.data;
  const wrong = outcome.error.issues.map(({ path, message }) => {
    const at = path.reduce<unknown>(
      (inner, key) => (inner as Record<PropertyKey, unknown> | undefined)?.[key],
      value,
    );
    return `${path.join(".") || "result"}: ${show(at)} - ${message}`;
  });
  return wrong.join(", ");
}
