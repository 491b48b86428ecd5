/**
 * A trainer's state as files. A typed array becomes `name.npy` (NumPy's format, version 1.0),
 * bytes become a file of that name, and everything else `name.json`. Arrays and bytes within that
 * are files of their own, `name/0.npy` and so on, of which the JSON has the names. Reading returns
 * exactly what was saved, including NaN, infinities and negative zero in JSON.
 */
import { CladeError } from "../../algorithm/clade-error.ts";
import type { CheckpointFiles } from "../../algorithm/snapshot.ts";
import type { TrainerState } from "../../experiment/trainer.ts";

type TypedArray = Float32Array<ArrayBuffer>;

/** Not every engine has 16-bit floats yet. */
const { Float16Array } = globalThis as unknown as {
  readonly Float16Array?: new (buffer: ArrayBuffer) => ArrayBufferView;
};

const dtypes: { readonly [dtype: string]: new (buffer: ArrayBuffer) => object } = {
  ...(Float16Array && { "<f2": Float16Array }),
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
  const unkept = isBinary(state)
    ? `an object of class ${state.constructor.name}`
    : lostInJson(state, {});
  if (unkept !== undefined) {
    throw new CladeError(
      `save() returned ${unkept}, which cannot be kept; ` +
        "return a plain object of arrays and values",
    );
  }
  const files = new Map<string, Uint8Array>();
  const add = (name: string, bytes: Uint8Array) => {
    if (files.has(name))
      throw new CladeError(`save(): two of its values make a file ${name}; rename one`);
    files.set(name, bytes);
  };
  for (const [name, value] of Object.entries(state)) {
    if (value instanceof Uint8Array && /\.(npy|json)$/.test(name)) {
      throw new CladeError(
        `save().${name}: bytes may not be named .npy or .json, ` +
          "which are written for arrays and values; use another name",
      );
    }
    if (ArrayBuffer.isView(value)) add(...fileOf(name, name, value));
    else if (value !== undefined) add(`${name}.json`, encodeJson(name, value, add));
  }
  return files;
}

export function stateOf(files: CheckpointFiles): Readonly<Record<string, unknown>> {
  const inner = new Set<string>();
  const values = new Map<string, unknown>();
  for (const [name, bytes] of files)
    if (name.endsWith(".json")) values.set(name, decodeJson(bytes, files, inner));
  const own = [...files].filter(([name]) => !inner.has(name));
  return Object.fromEntries(
    own.map(([name, bytes]) => [
      name.replace(/\.(npy|json)$/, ""),
      values.has(name) ? values.get(name) : decodeFile(name, bytes),
    ]),
  );
}

function isBinary(value: unknown): value is ArrayBufferView | ArrayBuffer {
  return ArrayBuffer.isView(value) || value instanceof ArrayBuffer;
}

/** The file of an array or of bytes, which `place` describes in messages. */
function fileOf(file: string, place: string, value: ArrayBufferView): [string, Uint8Array] {
  // Not slice(): a Buffer's slice shares its memory.
  if (value instanceof Uint8Array) return [file, new Uint8Array(value)];
  return [`${file}.npy`, encodeArray(place, value)];
}

function decodeFile(name: string, bytes: Uint8Array): unknown {
  return name.endsWith(".npy") ? decodeArray(bytes) : new Uint8Array(bytes);
}

function encodeArray(name: string, array: ArrayBufferView): Uint8Array {
  const dtype = Object.entries(dtypes).find(([, type]) => array instanceof type)?.[0];
  if (!dtype)
    throw new CladeError(
      `save().${name}: is a ${array.constructor.name}, which cannot be kept; ` +
        "use another typed array",
    );
  const { length } = array as TypedArray;
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
  const dtype = /'descr': '([^']+)'/.exec(header)![1]!;
  const type = dtypes[dtype];
  if (!type) throw new CladeError(`an array of ${dtype} cannot be read by this JavaScript engine`);
  return new type(new Uint8Array(bytes.subarray(start)).buffer);
}

/** An object with one of these names stands for a value that JSON does not have. */
const tags = { number: "$number", array: "$array", buffer: "$buffer" };

function encodeJson(
  name: string,
  value: unknown,
  add: (name: string, bytes: Uint8Array) => void,
): Uint8Array {
  let count = 0;
  const text = JSON.stringify(value, function (this: Record<string, unknown>, key) {
    // Not the second argument, on which toJSON has been called: a Date would come back as a text.
    const inner = this[key];
    const place = `${name}${key === "" ? "" : `: ${key}`}`;
    if (typeof inner === "number" && (!Number.isFinite(inner) || Object.is(inner, -0))) {
      return { [tags.number]: Object.is(inner, -0) ? "-0" : String(inner) };
    }
    if (isBinary(inner)) {
      const isBuffer = inner instanceof ArrayBuffer;
      const view = isBuffer ? new Uint8Array(inner) : inner;
      const [file, bytes] = fileOf(`${name}/${count++}`, place, view);
      add(file, bytes);
      return { [isBuffer ? tags.buffer : tags.array]: file };
    }
    const what = lostInJson(inner, this);
    if (what !== undefined) {
      throw new CladeError(
        `save().${place}: ${what} cannot be kept; ` +
          "return typed arrays, plain objects, lists and values",
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
  const tag = Object.values(tags).find((each) => Object.hasOwn(value, each));
  return tag && `the name ${tag}, which stands for special values,`;
}

/** Adds the names of files that belong to it to `inner`. */
function decodeJson(bytes: Uint8Array, files: CheckpointFiles, inner: Set<string>): unknown {
  const text = decoder.decode(bytes);
  if (!Object.values(tags).some((tag) => text.includes(`"${tag}"`))) return JSON.parse(text);
  return JSON.parse(text, (_key, value) => {
    if (value === null || typeof value !== "object") return value;
    if (tags.number in value) return Number(value[tags.number]);
    const file = value[tags.array] ?? value[tags.buffer];
    const content = typeof file === "string" ? files.get(file) : undefined;
    if (!content) return value;
    inner.add(file);
    const found = decodeFile(file, content);
    return tags.buffer in value ? (found as Uint8Array).buffer : found;
  });
}
