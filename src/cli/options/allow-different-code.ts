import { option } from "../declare/option.ts";

export const allowDifferentCode = option(
  "--allow-different-code",
  "work even if the experiment or its files differ from those of the run; " +
    "the run keeps a note of it",
);
