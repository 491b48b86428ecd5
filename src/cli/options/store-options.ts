import { type OptionsOf, option } from "../declare/option.ts";

export const store = option(
  "--store <url>",
  "where the runs are: a SQLite file, or postgres://user@host/database " +
    "(default: CLADE_STORE, or .clade/clade.db)",
);
const checkpoints = option(
  "--checkpoints <url>",
  "where a new run's checkpoints go, or where this machine finds a run's: s3://bucket/prefix, " +
    "or a shared directory as file:///path (default: CLADE_CHECKPOINTS, or beside the store)",
);

/** Where runs and their checkpoints are. */
export const storeOptions = [store, checkpoints] as const;

export type StoreOptions = OptionsOf<typeof storeOptions>;
