/** What a store that works with files must pass, in Node. */
export { checkpointDirectoriesConformance } from "./checkpoint-directories-conformance.ts";
export {
  type ObjectStorageOptions,
  objectStorageConformance,
} from "./object-storage-conformance.ts";
