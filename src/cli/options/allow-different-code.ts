import { option } from "../declare/option.ts";

export const allowDifferentCode = option(
  "--allow-different-code",
  "work although the experiment or its files are not those that the run began with; " +
    "the run keeps a note of it",
);
