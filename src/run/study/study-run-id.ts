import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";
import type { Study } from "../../experiment/study/study.ts";
import type { RunId } from "../../population-store/population-store.ts";

/**
 * A file name may have at most 255 bytes, and a run's checkpoints are in a directory of its name.
 */
const maxWords = 150;

/**
 * The id of a study's run. It is the same in every process, so two processes that work on one
 * study never create a run twice. A hash distinguishes labels that differ in characters that an id
 * cannot have, such as the sign of `rate=-1`.
 */
export function studyRunId({ name }: Study, label: string, seed: number): RunId {
  const words = `${name}-${label.replaceAll(/[^A-Za-z0-9.]+/g, "-").replace(/-$/, "")}`;
  const isPlain = /^[A-Za-z0-9.-]+( [A-Za-z0-9.]+=[A-Za-z0-9.]+)*$/.test(label);
  if (isPlain && words.length <= maxWords) return `${words}-seed-${seed}` as RunId;
  const hash = bytesToHex(sha256(utf8ToBytes(`${name} ${label}`))).slice(0, 8);
  return `${words.slice(0, maxWords)}-${hash}-seed-${seed}` as RunId;
}
