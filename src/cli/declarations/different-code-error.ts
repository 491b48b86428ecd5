import { CladeError } from "../../algorithm/clade-error.ts";

/**
 * The experiment or its code differs from the run's. It is bad input, so another attempt would
 * fail in the same way.
 */
export class DifferentCodeError extends CladeError {}
