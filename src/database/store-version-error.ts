import { CladeError } from "../algorithm/clade-error.ts";

/** The store was written by a newer version, or is not a store. It has not been changed. */
export class StoreVersionError extends CladeError {}
