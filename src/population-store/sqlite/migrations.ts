/**
 * The database's schema as numbered steps. Steps are only ever added: a database of an older
 * version gets the ones it lacks.
 *
 * Identity is (run, member, ordinal); `seq` orders what is appended, and since SQLite has one
 * writer at a time it is also the order of the commits, so "everything after seq" misses nothing.
 * The key of a removed run is never given to another.
 */
export const migrations: readonly string[] = [
  `
  CREATE TABLE runs (
    key INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    seed INTEGER NOT NULL,
    experiment TEXT NOT NULL,
    synchronous INTEGER NOT NULL,
    source TEXT,
    created_at INTEGER NOT NULL,
    state TEXT NOT NULL,
    reason TEXT,
    best TEXT,
    elapsed_ms INTEGER NOT NULL,
    running_since INTEGER
  ) STRICT;

  CREATE TABLE members (
    run INTEGER NOT NULL,
    member INTEGER NOT NULL,
    state TEXT NOT NULL,
    generation INTEGER NOT NULL,
    steps INTEGER NOT NULL,
    newest INTEGER NOT NULL,
    undecided INTEGER NOT NULL,
    failures INTEGER NOT NULL,
    epoch INTEGER NOT NULL,
    worker TEXT,
    lease_until INTEGER NOT NULL,
    reserved TEXT,
    PRIMARY KEY (run, member)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX members_active ON members (run, generation, member) WHERE state = 'active';

  CREATE TABLE snapshots (
    seq INTEGER PRIMARY KEY,
    run INTEGER NOT NULL,
    member INTEGER NOT NULL,
    ordinal INTEGER NOT NULL,
    kind TEXT NOT NULL,
    parent TEXT,
    donor TEXT,
    generation INTEGER NOT NULL,
    step INTEGER NOT NULL,
    member_steps INTEGER NOT NULL,
    hyperparameters TEXT NOT NULL,
    checkpoint TEXT,
    score REAL,
    samples TEXT,
    metrics TEXT NOT NULL,
    worker TEXT,
    published_at INTEGER NOT NULL
  ) STRICT;
  CREATE UNIQUE INDEX snapshots_member ON snapshots (run, member, ordinal);
  CREATE INDEX snapshots_run ON snapshots (run);

  CREATE TABLE decisions (
    seq INTEGER PRIMARY KEY,
    run INTEGER NOT NULL,
    member INTEGER NOT NULL,
    generation INTEGER NOT NULL,
    snapshot TEXT NOT NULL,
    kind TEXT NOT NULL,
    donor TEXT,
    weights INTEGER NOT NULL,
    hyperparameters INTEGER NOT NULL,
    reason TEXT NOT NULL
  ) STRICT;
  CREATE INDEX decisions_run ON decisions (run);
  CREATE INDEX decisions_copies ON decisions (run) WHERE kind = 'copy';

  CREATE TABLE failures (
    seq INTEGER PRIMARY KEY,
    run INTEGER NOT NULL,
    member INTEGER NOT NULL,
    generation INTEGER NOT NULL,
    worker TEXT NOT NULL,
    at INTEGER NOT NULL,
    message TEXT NOT NULL,
    stack TEXT NOT NULL
  ) STRICT;
  CREATE INDEX failures_run ON failures (run);

  CREATE TABLE pins (
    run INTEGER NOT NULL,
    name TEXT NOT NULL,
    checkpoint TEXT NOT NULL,
    PRIMARY KEY (run, name)
  ) STRICT, WITHOUT ROWID;
  `,
  "ALTER TABLE runs ADD COLUMN study TEXT",
  `
  ALTER TABLE runs ADD COLUMN checkpoints TEXT;
  ALTER TABLE runs ADD COLUMN code TEXT;

  CREATE TABLE notes (
    seq INTEGER PRIMARY KEY,
    run INTEGER NOT NULL,
    note TEXT NOT NULL
  ) STRICT;
  CREATE INDEX notes_run ON notes (run);
  `,
  `
  ALTER TABLE members ADD COLUMN restarted INTEGER NOT NULL DEFAULT 0;
  UPDATE members SET restarted = coalesce((SELECT max(generation) FROM snapshots
    WHERE run = members.run AND member = members.member AND kind = 'restarted'), 0);
  ALTER TABLE runs ADD COLUMN collected_at INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE runs ADD COLUMN collected_seq INTEGER NOT NULL DEFAULT 0;
  `,
  "ALTER TABLE runs ADD COLUMN control_of TEXT",
  `
  ALTER TABLE failures ADD COLUMN snapshot TEXT;
  ALTER TABLE failures ADD COLUMN hyperparameters TEXT;
  ALTER TABLE failures ADD COLUMN device TEXT;
  ALTER TABLE failures ADD COLUMN phase TEXT;
  ALTER TABLE failures ADD COLUMN cause TEXT NOT NULL DEFAULT 'trainer';
  ALTER TABLE failures ADD COLUMN against TEXT NOT NULL DEFAULT 'member';
  CREATE INDEX failures_member ON failures (run, member);

  CREATE TABLE workers (
    run INTEGER NOT NULL,
    worker TEXT NOT NULL,
    device TEXT,
    joined_at INTEGER NOT NULL,
    seen_at INTEGER NOT NULL,
    state TEXT NOT NULL,
    PRIMARY KEY (run, worker)
  ) STRICT, WITHOUT ROWID;
  `,
  "ALTER TABLE runs ADD COLUMN worked_until INTEGER NOT NULL DEFAULT 0",
  "ALTER TABLE members ADD COLUMN begun TEXT",
];
