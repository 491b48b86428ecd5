-- What workers do in every generation, as functions of the database. They are planned once per
-- connection, not for every message, which halves the server's cost of a generation. They belong
-- to the database and not to the connection, so they work through a connection pooler.
--
-- The functions are code and not part of the schema. Each name ends in two underscores.
-- Installation appends the hash of this file, so versions of Clade with different functions can
-- share a database. Plans are made while tables are small or their statistics old, and are kept
-- for long, so most functions force the use of an index.

-- Unix time in milliseconds: the given one (in tests), or the database's.
CREATE FUNCTION clade.time__(given bigint) RETURNS bigint LANGUAGE sql VOLATILE AS $$
  SELECT coalesce(given, (extract(epoch FROM clock_timestamp()) * 1000)::bigint)
$$;

-- A snapshot as decisions see it. All of its texts except the checkpoint consist of letters,
-- digits and points, or are JSON already.
CREATE FUNCTION clade.json_of__(s clade.snapshots) RETURNS text LANGUAGE sql STABLE AS $$
  SELECT '{"id":"' || s.member || '.' || s.ordinal || '","member":' || s.member
    || ',"kind":"' || s.kind
    || coalesce('","parent":"' || s.parent, '') || coalesce('","donor":"' || s.donor, '')
    || '","generation":' || s.generation || ',"step":' || s.step
    || ',"memberSteps":' || s.member_steps || ',"hyperparameters":' || s.hyperparameters
    || coalesce(',"checkpoint":' || to_json(s.checkpoint), '')
    || coalesce(',"score":' || s.score, '') || coalesce(',"samples":' || s.samples, '')
    || ',"metrics":' || s.metrics || '}'
$$;

-- The time until which a worker has worked on a run, or still works.
CREATE FUNCTION clade.active_until__(of_run bigint) RETURNS bigint LANGUAGE sql STABLE AS $$
  SELECT greatest(r.worked_until,
    (SELECT s.published_at FROM clade.snapshots s WHERE s.run = r.key ORDER BY s.seq DESC LIMIT 1),
    (SELECT max(m.lease_until) FROM clade.members m WHERE m.run = r.key AND m.worker IS NOT NULL))
  FROM clade.runs r WHERE r.key = of_run
$$;

-- A pause in work of this many milliseconds does not count (`pauseMs`).
CREATE FUNCTION clade.pause_ms__() RETURNS bigint LANGUAGE sql IMMUTABLE AS $$
  SELECT 5000::bigint
$$;

-- Starts to count a run's time, or continues after a pause. Only the first claim after a pause
-- does so.
CREATE FUNCTION clade.count_time__(of_run bigint, moment bigint)
  RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  active bigint := clade.active_until__(of_run);
BEGIN
  UPDATE clade.runs SET running_since = moment,
      elapsed_ms = elapsed_ms + coalesce(greatest(0, active - running_since), 0)
    WHERE key = of_run AND (running_since IS NULL
      OR (running_since <= active AND active + clade.pause_ms__() < moment));
END
$$;

-- The run's state as JSON, with the claim if there is one. If a decision comes next, and what
-- others published since is short, it is included. If a crash of the server forgets a claim, the
-- claim is refused later, so its commit does not wait for the disk.
CREATE FUNCTION clade.claim__(of_run bigint, claimant text, at bigint, lease_ms bigint,
    warm integer, since bigint)
  RETURNS text LANGUAGE plpgsql SET enable_seqscan = off SET enable_bitmapscan = off AS $$
#variable_conflict use_column
DECLARE
  time bigint := clade.time__(at);
  this_run clade.runs;
  max_generation bigint := 9007199254740991;
  chosen integer;
  min_generation bigint;
  other integer;
  last bigint;
  claimed clade.members;
  newest clade.snapshots;
BEGIN
  PERFORM set_config('synchronous_commit', 'off', true);
  SELECT * INTO this_run FROM clade.runs WHERE key = of_run;
  IF this_run.state = 'running' THEN
    IF this_run.synchronous = 1 THEN
      SELECT generation INTO max_generation FROM clade.members
        WHERE run = of_run AND state = 'active' ORDER BY generation LIMIT 1;
    END IF;
    SELECT member, generation INTO chosen, min_generation FROM clade.members
      WHERE run = of_run AND state = 'active' AND generation <= max_generation
        AND lease_until <= time
      ORDER BY generation, member LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED;
    IF warm <> chosen THEN
      SELECT member INTO other FROM clade.members
        WHERE run = of_run AND member = warm AND state = 'active'
          AND generation = min_generation AND lease_until <= time
        FOR NO KEY UPDATE SKIP LOCKED;
    END IF;
    IF chosen IS NOT NULL THEN
      SELECT published_at INTO last FROM clade.snapshots
        WHERE run = of_run ORDER BY seq DESC LIMIT 1;
      -- Most claims follow a publication, and need no further look.
      IF this_run.running_since IS NULL OR last + clade.pause_ms__() < time THEN
        PERFORM clade.count_time__(of_run, time);
        SELECT * INTO this_run FROM clade.runs WHERE key = of_run;
      END IF;
    END IF;
    UPDATE clade.members m SET epoch = m.epoch + 1, worker = claimant,
        lease_until = time + lease_ms, reserved = NULL, begun = NULL
      WHERE run = of_run AND member = coalesce(other, chosen) RETURNING m.* INTO claimed;
    -- In the order of its index, so that the plan uses that index.
    SELECT s.* INTO newest FROM clade.snapshots s
      WHERE run = of_run AND member = claimed.member ORDER BY ordinal DESC LIMIT 1;
  END IF;
  RETURN '{"state":"' || coalesce(this_run.state, 'removed') || '"'
    || coalesce(',"fencingToken":' || claimed.epoch || ',"undecided":' || claimed.undecided
      || ',"failures":' || claimed.failures || ',"restarted":' || claimed.restarted
      || ',"hasFailed":' || EXISTS
        (SELECT FROM clade.failures WHERE run = of_run AND member = claimed.member)
      || ',"elapsedMs":'
      || this_run.elapsed_ms + greatest(0, time - coalesce(this_run.running_since, time))
      || ',"newest":' || clade.json_of__(newest), '')
    || coalesce(',"news":'
      || CASE claimed.undecided WHEN 1 THEN clade.published_shortly__(of_run, since) END, '')
    || '}';
END
$$;

-- Raises an error if a claim no longer holds.
CREATE FUNCTION clade.refuse_unless__(holds boolean) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  IF NOT holds THEN
    RAISE EXCEPTION USING ERRCODE = 'CLADE', MESSAGE = 'claim lost';
  END IF;
END
$$;

-- What others published as one JSON, if it is short. A long JSON would cost the server four times
-- as much as its rows. A publication holds the run's lock until it is visible, so nothing appears
-- later with a smaller number.
CREATE FUNCTION clade.published_shortly__(of_run bigint, since bigint) RETURNS text
  LANGUAGE plpgsql SET enable_seqscan = off SET enable_bitmapscan = off AS $$
DECLARE
  last bigint := (SELECT max(seq) FROM clade.snapshots WHERE run = of_run);
BEGIN
  IF last - since <= 256 THEN
    RETURN (SELECT '{"cursor":' || coalesce(max(seq), since) || ',"snapshots":['
        || coalesce(string_agg(clade.json_of__(s), ',' ORDER BY seq), '') || ']}'
      FROM clade.snapshots s WHERE run = of_run AND seq > since);
  END IF;
  RETURN NULL;
END
$$;

-- Changes the lease, the reserved checkpoint or the snapshot that the claim continues from. NULL
-- means no change. Who protects a checkpoint keeps collections apart before.
CREATE FUNCTION clade.hold__(of_run bigint, of_member integer, claimed bigint, claimant text,
    until bigint, to_reserve text, beginning text)
  RETURNS void LANGUAGE plpgsql SET enable_seqscan = off SET enable_bitmapscan = off AS $$
BEGIN
  UPDATE clade.members m SET lease_until = coalesce(until, m.lease_until),
      reserved = coalesce(to_reserve, m.reserved), begun = coalesce(beginning, m.begun)
    FROM clade.runs r
    WHERE m.run = of_run AND m.member = of_member AND m.epoch = claimed AND m.worker = claimant
      AND r.key = of_run AND r.state = 'running';
  PERFORM clade.refuse_unless__(FOUND);
END
$$;

-- Returns 1 if there is no donor, or if a collection keeps the donor's checkpoint; otherwise 0.
CREATE FUNCTION clade.begin__(of_run bigint, of_member integer, claimed bigint, claimant text,
    beginning text, donor text)
  RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
  is_kept boolean := donor IS NULL
    OR EXISTS (SELECT FROM clade.runs r WHERE r.key = of_run AND (r.best = donor
      OR split_part(donor, '.', 2)::integer
        IN (SELECT clade.kept__(of_run, split_part(donor, '.', 1)::integer))));
BEGIN
  PERFORM clade.hold__(of_run, of_member, claimed, claimant, NULL, NULL,
    CASE WHEN is_kept THEN beginning END);
  RETURN is_kept::integer;
END
$$;

-- Ends a run. A pause without any work does not count (`workTime`).
CREATE FUNCTION clade.end_run__(of_run bigint, why text, at bigint) RETURNS void LANGUAGE sql AS $$
  UPDATE clade.runs SET state = 'done', reason = why, running_since = NULL,
      elapsed_ms = elapsed_ms + coalesce(
        greatest(0, least(clade.time__(at), clade.active_until__(of_run)) - running_since), 0)
    WHERE key = of_run
$$;

-- Takes the run's locks, changes the member and appends the snapshots. If nothing is appended, the
-- newest snapshot stays. `at_steps` is the total of steps that ends the run, if there is one.
CREATE FUNCTION clade.append__(of_run bigint, of_member integer, claimed bigint, claimant text,
    at bigint, keeps boolean, new_state text, is_undecided integer, new_restarted bigint,
    appended clade.snapshots[], decided clade.decisions, better text, ending text, at_steps bigint)
  RETURNS void LANGUAGE plpgsql SET enable_seqscan = off SET enable_bitmapscan = off AS $$
DECLARE
  added clade.snapshots := appended[cardinality(appended)];
  each clade.snapshots;
BEGIN
  PERFORM pg_advisory_xact_lock_shared(1264936304, of_run::integer);
  PERFORM pg_advisory_xact_lock(1131176292, of_run::integer);
  UPDATE clade.members m SET state = coalesce(new_state, m.state), undecided = is_undecided,
      reserved = NULL, begun = NULL, newest = coalesce(added.ordinal, m.newest),
      generation = coalesce(added.generation, m.generation),
      steps = coalesce(added.member_steps, m.steps),
      restarted = coalesce(new_restarted, m.restarted),
      worker = CASE WHEN keeps THEN m.worker END,
      lease_until = CASE WHEN keeps THEN m.lease_until ELSE 0 END,
      failures = CASE WHEN keeps THEN m.failures ELSE 0 END
    FROM clade.runs r
    WHERE m.run = of_run AND m.member = of_member AND m.epoch = claimed AND m.worker = claimant
      AND r.key = of_run AND r.state = 'running';
  PERFORM clade.refuse_unless__(FOUND);
  IF added.ordinal IS NULL THEN
    UPDATE clade.runs SET worked_until = greatest(worked_until, clade.time__(at))
      WHERE key = of_run;
  END IF;
  FOREACH each IN ARRAY appended LOOP
    each.published_at := clade.time__(at);
    INSERT INTO clade.snapshots OVERRIDING USER VALUE VALUES (each.*);
  END LOOP;
  IF decided.member IS NOT NULL THEN
    INSERT INTO clade.decisions OVERRIDING USER VALUE VALUES (decided.*);
  END IF;
  IF better IS NOT NULL THEN
    PERFORM clade.note_best__(of_run, better);
  END IF;
  IF ending IS NOT NULL AND (at_steps IS NULL
      OR (SELECT sum(steps) FROM clade.members WHERE run = of_run) >= at_steps) THEN
    PERFORM clade.end_run__(of_run, ending, at);
    PERFORM pg_notify('clade', '');
  END IF;
  -- In a synchronous run the last member of a generation lets the others continue.
  IF added.generation IS NOT NULL
      AND EXISTS (SELECT 1 FROM clade.runs WHERE key = of_run AND synchronous = 1) THEN
    PERFORM pg_notify('clade', '') WHERE NOT EXISTS
      (SELECT 1 FROM clade.members
        WHERE run = of_run AND state = 'active' AND generation < added.generation);
  END IF;
END
$$;

-- Appends, and lets other workers continue before the data is on the disk: what they do with it
-- comes later in the log. Then waits for the disk, together with others that wait for it.
CREATE PROCEDURE clade.publish__(of_run bigint, of_member integer, claimed bigint, claimant text,
    at bigint, keeps boolean, new_state text, is_undecided integer, new_restarted bigint,
    appended clade.snapshots[], decided clade.decisions, better text, ending text, at_steps bigint,
    lease_ms bigint, warm integer, since bigint, INOUT next text)
  LANGUAGE plpgsql AS $$
DECLARE
  before text := current_setting('synchronous_commit');
BEGIN
  PERFORM set_config('synchronous_commit', 'off', true);
  PERFORM clade.append__(of_run, of_member, claimed, claimant, at, keeps, new_state, is_undecided,
    new_restarted, appended, decided, better, ending, at_steps);
  COMMIT;
  PERFORM clade.await_disk__();
  IF lease_ms IS NOT NULL THEN
    next := clade.claim__(of_run, claimant, at, lease_ms, warm, since);
  END IF;
  -- A claim alone does not wait.
  PERFORM set_config('synchronous_commit', before, true);
END
$$;

-- Writes to the log, so that the end of this transaction waits until everything before it in the
-- log is on the disk. A transaction that has written nothing does not wait.
CREATE FUNCTION clade.await_disk__() RETURNS void LANGUAGE sql AS $$
  SELECT pg_logical_emit_message(true, 'clade', '')
$$;

-- In the order of its index, so that the plan uses that index. A plan made while the table is
-- small would otherwise be kept, and read all of a large one.
CREATE FUNCTION clade.snapshot__(of_run bigint, id text) RETURNS clade.snapshots
  LANGUAGE plpgsql SET enable_seqscan = off SET enable_bitmapscan = off AS $$
BEGIN
  RETURN (SELECT s FROM clade.snapshots s
    WHERE run = of_run AND member = split_part(id, '.', 1)::integer
      AND ordinal <= split_part(id, '.', 2)::integer ORDER BY ordinal DESC LIMIT 1);
END
$$;

-- Makes a snapshot the best, unless the run's best is at least as good (`isBetterModel`).
CREATE FUNCTION clade.note_best__(of_run bigint, better text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  this_run clade.runs;
  best_yet clade.snapshots;
  candidate clade.snapshots := clade.snapshot__(of_run, better);
BEGIN
  SELECT * INTO this_run FROM clade.runs WHERE key = of_run;
  best_yet := clade.snapshot__(of_run, this_run.best);
  UPDATE clade.runs SET best = better WHERE key = of_run AND CASE
    WHEN best_yet.score IS NULL THEN true
    WHEN candidate.score = best_yet.score THEN
      (candidate.member_steps, candidate.member) < (best_yet.member_steps, best_yet.member)
    WHEN this_run.experiment::json #>> '{objective,direction}' = 'minimize' THEN
      candidate.score < best_yet.score
    ELSE candidate.score > best_yet.score END;
END
$$;

-- The ordinals of a member's snapshots whose checkpoints stay (`keptSnapshots`).
CREATE FUNCTION clade.kept__(of_run bigint, of_member integer) RETURNS SETOF integer
  LANGUAGE plpgsql SET enable_seqscan = off SET enable_bitmapscan = off AS $$
DECLARE
  oldest integer := (SELECT ordinal FROM clade.snapshots
    WHERE run = of_run AND member = of_member AND kind = 'trained'
    ORDER BY ordinal DESC OFFSET 1 LIMIT 1);
BEGIN
  RETURN QUERY SELECT newest FROM clade.members WHERE run = of_run AND member = of_member
    UNION SELECT ordinal FROM clade.snapshots WHERE run = of_run AND member = of_member
      AND kind NOT IN ('copied', 'explored', 'restarted') AND ordinal >= coalesce(oldest, 0);
END
$$;
