/**
 * What workers do in every generation, as functions of the database: they are planned once a connection, not for every message, which halves what a
 * generation costs the server. A connection pooler may stand in between, since they belong to the database and not to the connection.
 */
/** Plans are made when tables are small or their statistics old, and are kept for long. */
const byIndex = "SET enable_seqscan = off SET enable_bitmapscan = off";

export const functions = `
  -- One row: the run's state, and the claim if there is one. A claim that a crash of the server forgets is refused later, so its commit waits for no disk.
  CREATE FUNCTION clade.claim(of_run bigint, claimant text, lease_ms bigint, warm integer, at bigint)
    RETURNS TABLE (run_state text, epoch bigint, undecided smallint, failures integer, restarted bigint, snapshot clade.snapshots)
    LANGUAGE plpgsql ${byIndex} AS $$
  #variable_conflict use_column
  DECLARE
    is_synchronous boolean;
    most bigint := 9007199254740991;
    chosen integer;
    least bigint;
    other integer;
  BEGIN
    PERFORM set_config('synchronous_commit', 'off', true);
    SELECT state, synchronous = 1 INTO run_state, is_synchronous FROM clade.runs WHERE key = of_run;
    IF run_state = 'running' THEN
      IF is_synchronous THEN
        SELECT generation INTO most FROM clade.members WHERE run = of_run AND state = 'active' ORDER BY generation LIMIT 1;
      END IF;
      SELECT member, generation INTO chosen, least FROM clade.members
        WHERE run = of_run AND state = 'active' AND generation <= most AND lease_until <= at
        ORDER BY generation, member LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED;
      IF warm <> chosen THEN
        SELECT member INTO other FROM clade.members
          WHERE run = of_run AND member = warm AND state = 'active' AND generation = least AND lease_until <= at
          FOR NO KEY UPDATE SKIP LOCKED;
      END IF;
      UPDATE clade.members m SET epoch = m.epoch + 1, worker = claimant, lease_until = at + lease_ms, reserved = NULL
        WHERE run = of_run AND member = coalesce(other, chosen)
        RETURNING m.epoch, m.undecided, m.failures, m.restarted INTO epoch, undecided, failures, restarted;
      -- By the order of an index, so that no other is taken for it.
      SELECT s.* INTO snapshot FROM clade.snapshots s WHERE run = of_run AND member = coalesce(other, chosen) ORDER BY ordinal DESC LIMIT 1;
    END IF;
    RETURN NEXT;
  END
  $$;

  CREATE FUNCTION clade.require_claim(of_run bigint, of_member integer, claimed bigint, claimant text) RETURNS void LANGUAGE plpgsql ${byIndex} AS $$
  BEGIN
    PERFORM 1 FROM clade.members m JOIN clade.runs r ON r.key = m.run
      WHERE m.run = of_run AND m.member = of_member AND m.epoch = claimed AND m.worker = claimant AND r.state = 'running';
    IF NOT FOUND THEN
      RAISE EXCEPTION USING ERRCODE = 'CLADE', MESSAGE = 'claim lost';
    END IF;
  END
  $$;

  -- What others published. They hold the run's lock until it is visible, so nothing appears later with a smaller number.
  CREATE FUNCTION clade.published(of_run bigint, since bigint) RETURNS SETOF clade.snapshots LANGUAGE plpgsql ${byIndex} AS $$
  BEGIN
    RETURN QUERY SELECT * FROM clade.snapshots
      WHERE run = of_run AND seq > since AND kind NOT IN ('copied', 'explored', 'restarted') ORDER BY seq;
  END
  $$;

  CREATE FUNCTION clade.renew(of_run bigint, of_member integer, claimed bigint, claimant text, until bigint) RETURNS void LANGUAGE plpgsql ${byIndex} AS $$
  BEGIN
    PERFORM set_config('synchronous_commit', 'off', true);
    UPDATE clade.members m SET lease_until = until FROM clade.runs r
      WHERE m.run = of_run AND m.member = of_member AND m.epoch = claimed AND m.worker = claimant AND r.key = of_run AND r.state = 'running';
    IF NOT FOUND THEN
      RAISE EXCEPTION USING ERRCODE = 'CLADE', MESSAGE = 'claim lost';
    END IF;
  END
  $$;

  CREATE FUNCTION clade.reserve(of_run bigint, of_member integer, claimed bigint, claimant text, checkpoint text) RETURNS void LANGUAGE plpgsql ${byIndex} AS $$
  BEGIN
    PERFORM pg_advisory_xact_lock_shared(1264936304, of_run::integer);
    UPDATE clade.members m SET reserved = checkpoint FROM clade.runs r
      WHERE m.run = of_run AND m.member = of_member AND m.epoch = claimed AND m.worker = claimant AND r.key = of_run AND r.state = 'running';
    IF NOT FOUND THEN
      RAISE EXCEPTION USING ERRCODE = 'CLADE', MESSAGE = 'claim lost';
    END IF;
  END
  $$;

  -- The beginning of a publication: takes the run's locks and changes the member. What was newest stays where nothing is appended.
  CREATE FUNCTION clade.advance(of_run bigint, of_member integer, claimed bigint, claimant text, keeps boolean, new_state text, is_undecided integer,
      new_newest integer, new_generation bigint, new_steps bigint, new_restarted bigint)
    RETURNS void LANGUAGE plpgsql ${byIndex} AS $$
  BEGIN
    PERFORM pg_advisory_xact_lock_shared(1264936304, of_run::integer);
    PERFORM pg_advisory_xact_lock(1131176292, of_run::integer);
    UPDATE clade.members m SET state = new_state, undecided = is_undecided, reserved = NULL,
        newest = coalesce(new_newest, m.newest), generation = coalesce(new_generation, m.generation), steps = coalesce(new_steps, m.steps),
        restarted = coalesce(new_restarted, m.restarted), worker = CASE WHEN keeps THEN m.worker END,
        lease_until = CASE WHEN keeps THEN m.lease_until ELSE 0 END, failures = CASE WHEN keeps THEN m.failures ELSE 0 END
      FROM clade.runs r
      WHERE m.run = of_run AND m.member = of_member AND m.epoch = claimed AND m.worker = claimant AND r.key = of_run AND r.state = 'running';
    IF NOT FOUND THEN
      RAISE EXCEPTION USING ERRCODE = 'CLADE', MESSAGE = 'claim lost';
    END IF;
    -- In a synchronous run the last member of a generation lets the others go on.
    IF new_generation IS NOT NULL AND EXISTS (SELECT 1 FROM clade.runs WHERE key = of_run AND synchronous = 1) THEN
      PERFORM pg_notify('clade', '') WHERE NOT EXISTS
        (SELECT 1 FROM clade.members WHERE run = of_run AND state = 'active' AND generation < new_generation);
    END IF;
  END
  $$;

  -- Ends a transaction that relies on a snapshot whose checkpoint a collection does not keep.
  CREATE FUNCTION clade.require_kept(of_run bigint, donor_member integer, donor_ordinal integer, donor text) RETURNS void LANGUAGE plpgsql ${byIndex} AS $$
  BEGIN
    PERFORM 1 FROM clade.members m JOIN clade.runs r ON r.key = m.run
      WHERE m.run = of_run AND m.member = donor_member AND (r.best = donor OR donor_ordinal = m.newest
        OR donor_ordinal = (SELECT ordinal FROM clade.snapshots WHERE run = of_run AND member = donor_member
          AND kind NOT IN ('copied', 'explored', 'restarted') ORDER BY ordinal DESC LIMIT 1)
        OR donor_ordinal IN (SELECT ordinal FROM clade.snapshots WHERE run = of_run AND member = donor_member
          AND kind = 'trained' ORDER BY ordinal DESC LIMIT 2));
    IF NOT FOUND THEN
      RAISE EXCEPTION USING ERRCODE = 'CLADE', MESSAGE = 'donor replaced';
    END IF;
  END
  $$;
`;
