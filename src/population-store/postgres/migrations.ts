import { functions } from "./landed-functions.ts";

/**
 * The database's schema as numbered steps, as for SQLite. The tables lie in a schema of their own
 * and are always named with it, since a connection pooler may hand every transaction another
 * connection, with another search path.
 *
 * `seq` orders what is appended. Whoever appends to a run holds its lock, so within a run it is
 * also the order of the commits.
 */
export const migrations: readonly string[] = [
  `
  CREATE TABLE clade.runs (
    key bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id text NOT NULL UNIQUE,
    seed bigint NOT NULL,
    experiment text NOT NULL,
    synchronous smallint NOT NULL,
    source text,
    study text,
    created_at bigint NOT NULL,
    state text NOT NULL,
    reason text,
    best text,
    elapsed_ms bigint NOT NULL,
    running_since bigint
  );

  -- Half of each page stays free, so that a renewed lease needs no new entry in an index; what is left behind is cleaned up early.
  CREATE TABLE clade.members (
    run bigint NOT NULL,
    member integer NOT NULL,
    state text NOT NULL,
    generation bigint NOT NULL,
    steps bigint NOT NULL,
    newest integer NOT NULL,
    undecided smallint NOT NULL,
    failures integer NOT NULL,
    epoch bigint NOT NULL,
    worker text,
    lease_until bigint NOT NULL,
    reserved text,
    PRIMARY KEY (run, member)
  ) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000);
  CREATE INDEX members_active ON clade.members (run, generation, member) WHERE state = 'active';

  CREATE TABLE clade.snapshots (
    seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    run bigint NOT NULL,
    member integer NOT NULL,
    ordinal integer NOT NULL,
    kind text NOT NULL,
    parent text,
    donor text,
    generation bigint NOT NULL,
    step bigint NOT NULL,
    member_steps bigint NOT NULL,
    hyperparameters text NOT NULL,
    checkpoint text,
    score double precision,
    samples text,
    metrics text NOT NULL,
    worker text,
    published_at bigint NOT NULL
  );
  CREATE UNIQUE INDEX snapshots_member ON clade.snapshots (run, member, ordinal);
  CREATE INDEX snapshots_run ON clade.snapshots (run, seq);

  CREATE TABLE clade.decisions (
    seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    run bigint NOT NULL,
    member integer NOT NULL,
    generation bigint NOT NULL,
    snapshot text NOT NULL,
    kind text NOT NULL,
    donor text,
    weights smallint NOT NULL,
    hyperparameters smallint NOT NULL,
    reason text NOT NULL
  );
  CREATE INDEX decisions_run ON clade.decisions (run, seq);
  CREATE INDEX decisions_copies ON clade.decisions (run) WHERE kind = 'copy';

  -- Message and stack as JSON, since a text may contain a NUL character and PostgreSQL's may not.
  CREATE TABLE clade.failures (
    seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    run bigint NOT NULL,
    member integer NOT NULL,
    generation bigint NOT NULL,
    worker text NOT NULL,
    at bigint NOT NULL,
    message text NOT NULL,
    stack text NOT NULL
  );
  CREATE INDEX failures_run ON clade.failures (run, seq);

  CREATE TABLE clade.pins (
    run bigint NOT NULL,
    name text NOT NULL,
    checkpoint text NOT NULL,
    PRIMARY KEY (run, name)
  );
  `,
  `
  ALTER TABLE clade.runs ADD COLUMN checkpoints text;
  ALTER TABLE clade.runs ADD COLUMN code text;

  CREATE TABLE clade.notes (
    seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    run bigint NOT NULL,
    note text NOT NULL
  );
  CREATE INDEX notes_run ON clade.notes (run, seq);
  `,
  `
  ALTER TABLE clade.members ADD COLUMN restarted bigint NOT NULL DEFAULT 0;
  UPDATE clade.members m SET restarted = coalesce((SELECT max(generation) FROM clade.snapshots
    WHERE run = m.run AND member = m.member AND kind = 'restarted'), 0);
  ALTER TABLE clade.runs ADD COLUMN collected_at bigint NOT NULL DEFAULT 0;
  ALTER TABLE clade.runs ADD COLUMN collected_seq bigint NOT NULL DEFAULT 0;
  `,
  `
  DROP FUNCTION IF EXISTS clade.claim, clade.require_claim, clade.published, clade.renew, clade.reserve, clade.advance, clade.require_kept;
  ${functions}
  `,
  "ALTER TABLE clade.runs ADD COLUMN control_of text",
  `
  ALTER TABLE clade.failures ADD COLUMN snapshot text;
  ALTER TABLE clade.failures ADD COLUMN hyperparameters text;
  ALTER TABLE clade.failures ADD COLUMN device text;
  ALTER TABLE clade.failures ADD COLUMN phase text;
  ALTER TABLE clade.failures ADD COLUMN cause text NOT NULL DEFAULT 'trainer';
  ALTER TABLE clade.failures ADD COLUMN against text NOT NULL DEFAULT 'member';
  CREATE INDEX failures_member ON clade.failures (run, member, seq);

  CREATE TABLE clade.workers (
    run bigint NOT NULL,
    worker text NOT NULL,
    device text,
    joined_at bigint NOT NULL,
    seen_at bigint NOT NULL,
    state text NOT NULL,
    PRIMARY KEY (run, worker)
  );
  `,
  "ALTER TABLE clade.runs ADD COLUMN worked_until bigint NOT NULL DEFAULT 0",
  "ALTER TABLE clade.members ADD COLUMN begun text",
];
