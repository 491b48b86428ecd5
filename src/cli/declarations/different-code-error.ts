import { CladeError } from "../../algorithm/clade-error.ts";

/**
 * The experiment or its code is not what the run began with: bad input, which is the same at every
 * further try.
 */
export class DifferentCodeError extends CladeError {}
