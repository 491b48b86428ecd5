import { CladeError } from "../../algorithm/clade-error.ts";

let inThread = false;

/** This module's thread is one of a program's, which starts the runs. */
export function thisIsThread(): void {
  inThread = true;
}

/** A module that starts runs when it is loaded would start them in every thread. */
export function requireNoThread(): void {
  if (!inThread) return;
  throw new CladeError(
    "this module starts a run when it is loaded, also in a thread; " +
      "declare the experiment in a module of its own, and give that one to threads",
  );
}
