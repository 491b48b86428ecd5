/**
 * A trainer's state as files: a typed array becomes `name.npy` (NumPy's format, version 1.0),
 * bytes become a file of that name, and everything else `name.json`. Reading returns exactly what
 * was saved, including NaN, infinities and negative zero in JSON.
 */
import { CladeError } from "../../algorithm/clade-error.ts";
import type { CheckpointFiles } from "../../algorithm/snapshot.ts";
import type { TrainerState } from "../../experiment/trainer.ts";

const dtypes = {
  "<f4": Float32Array,
  "<f8": Float64Array,
  "|i1": Int8Array,
  "<i2": Int16Array,
  "<i4": Int32Array,
  "<u2": Uint16Array,
  "<u4": Uint32Array,
  "<i8": BigInt64Array,
  "<u8": BigUint64Array,
};

const encoder = new TextEncoder();
const decoder = new TextDecoder();

export function filesOf(state: TrainerState): CheckpointFiles {
  if (typeof state !== "object" || state === null || Array.isArray(state)) {
    throw new CladeError(
      "save() must return an object; return for example { weights: Float32Array, step: 3 }",
    );
  }
  const unkept = lostInJson(state, {});
  if (unkept !== undefined) {
    throw new CladeError(
      `save() returned ${unkept}, which cannot be kept; ` +
        "return a plain object of arrays and values",
    );
  }
  const files = new Map<string, Uint8Array>();
  for (const [name, value] of Object.entries(state)) {
    if (value instanceof Uint8Array && /\.(npy|json)$/.test(name)) {
      throw new CladeError(
        `save().${name}: bytes may not be named .npy or .json, ` +
          "which are written for arrays and values; use another name",
      );
    }
    // Not slice(): a Buffer's slice shares its memory.
    if (value instanceof Uint8Array) files.set(name, new Uint8Array(value));
    else if (ArrayBuffer.isView(value)) files.set(`${name}.npy`, encodeArray(name, value));
    else if (value !== undefined) files.set(`${name}.json`, encodeJson(name, value));
  }
  return files;
}

export function stateOf(files: CheckpointFiles): Readonly<Record<string, unknown>> {
  const state: Record<string, unknown> = {};
  for (const [name, bytes] of files) {
    if (name.endsWith(".npy")) state[name.slice(0, -4)] = decodeArray(bytes);
    else if (name.endsWith(".json")) state[name.slice(0, -5)] = decodeJson(bytes);
    else state[name] = new Uint8Array(bytes);
  }
  return state;
}

function encodeArray(name: string, array: ArrayBufferView): Uint8Array {
  const dtype = Object.entries(dtypes).find(([, type]) => array instanceof type)?.[0];
  if (!dtype)
    throw new CladeError(
      `save().${name}: is a ${array.constructor.name}, which cannot be kept; ` +
        "use another typed array",
    );
  const { length } = array as Float32Array;
  const header = `{'descr': '${dtype}', 'fortran_order': False, 'shape': (${length},), }`;
  // The data begins at a multiple of 64 bytes: 10 bytes of magic, version and length, then the
  // header, padded.
  const padded = `${header.padEnd(Math.ceil((header.length + 11) / 64) * 64 - 11)}\n`;
  const bytes = new Uint8Array(10 + padded.length + array.byteLength);
  bytes.set([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, padded.length & 0xff, padded.length >> 8]);
  bytes.set(encoder.encode(padded), 10);
  bytes.set(new Uint8Array(array.buffer, array.byteOffset, array.byteLength), 10 + padded.length);
  return bytes;
}

function decodeArray(bytes: Uint8Array): unknown {
  const start = 10 + bytes[8]! + (bytes[9]! << 8);
  const header = decoder.decode(bytes.subarray(10, start));
  const dtype = /'descr': '([^']+)'/.exec(header)![1] as keyof typeof dtypes;
  return new dtypes[dtype](new Uint8Array(bytes.subarray(start)).buffer);
}

const tag = "$number";

function encodeJson(name: string, value: unknown): Uint8Array {
  const text = JSON.stringify(value, function (this: Record<string, unknown>, key) {
    // Not the second argument, on which toJSON has been called: a Date would come back as a text.
    const inner = this[key];
    if (typeof inner === "number" && (!Number.isFinite(inner) || Object.is(inner, -0))) {
      return { [tag]: Object.is(inner, -0) ? "-0" : String(inner) };
    }
    const what = lostInJson(inner, this);
    if (what !== undefined) {
      throw new CladeError(
        `save().${name}${key === "" ? "" : `: ${key}`}: ${what} cannot be kept; ` +
          "return typed arrays at the top level and plain values elsewhere",
      );
    }
    return inner;
  });
  return encoder.encode(text);
}

/** Names a value that JSON would drop or change; undefined for others. */
function lostInJson(value: unknown, holder: object): string | undefined {
  if (value === undefined) return Array.isArray(holder) ? "an undefined in a list" : undefined;
  if (typeof value === "function" || typeof value === "bigint" || typeof value === "symbol") {
    return `a ${typeof value}`;
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
  const prototype = Object.getPrototypeOf(value);
  // Objects of another realm are plain, too, so their root is recognised by its missing prototype.
  const isPlain = prototype === null || Object.getPrototypeOf(prototype) === null;
  if (!isPlain) return `an object of class ${value.constructor.name}`;
  return Object.hasOwn(value, tag)
    ? `the name ${tag}, which stands for special numbers,`
    : undefined;
}

function decodeJson(bytes: Uint8Array): unknown {
  const text = decoder.decode(bytes);
  if (!text.includes(`"${tag}"`)) return JSON.parse(text);
  return JSON.parse(text, (_key, value) =>
    value !== null && typeof value === "object" && tag in value ? Number(value[tag]) : value,
  );
}
