import { pauseMs } from "../work-time.ts";

/** The time until which somebody has worked on the run `r`, or works. */
export const activeUntil = `greatest(r.worked_until,
  (SELECT s.published_at FROM clade.snapshots s WHERE s.run = r.key ORDER BY s.seq DESC LIMIT 1),
  (SELECT max(m.lease_until) FROM clade.members m WHERE m.run = r.key AND m.worker IS NOT NULL))`;

/** `clade.claim` of functions.ts, which now also counts the time in which somebody works. */
export const claimFunction = `
  -- Begins to count a run's time, or goes on after a pause. Of several claims after a pause the first does it.
  CREATE FUNCTION clade.count_time(of_run bigint, moment bigint) RETURNS void LANGUAGE plpgsql AS $$
  DECLARE
    active bigint := (SELECT ${activeUntil} FROM clade.runs r WHERE r.key = of_run);
  BEGIN
    UPDATE clade.runs SET running_since = moment,
        elapsed_ms = elapsed_ms + coalesce(greatest(0, active - running_since), 0)
      WHERE key = of_run AND (running_since IS NULL OR (running_since <= active AND active + ${pauseMs} < moment));
  END
  $$;

  CREATE OR REPLACE FUNCTION clade.claim(of_run bigint, claimant text, lease_ms bigint, warm integer, at bigint, since bigint)
    RETURNS text LANGUAGE plpgsql SET enable_seqscan = off SET enable_bitmapscan = off AS $$
  #variable_conflict use_column
  DECLARE
    time bigint := clade.time(at);
    this_run clade.runs;
    most bigint := 9007199254740991;
    chosen integer;
    least bigint;
    other integer;
    last bigint;
    claimed clade.members;
    newest clade.snapshots;
  BEGIN
    PERFORM set_config('synchronous_commit', 'off', true);
    SELECT * INTO this_run FROM clade.runs WHERE key = of_run;
    IF this_run.state = 'running' THEN
      IF this_run.synchronous = 1 THEN
        SELECT generation INTO most FROM clade.members WHERE run = of_run AND state = 'active' ORDER BY generation LIMIT 1;
      END IF;
      SELECT member, generation INTO chosen, least FROM clade.members
        WHERE run = of_run AND state = 'active' AND generation <= most AND lease_until <= time
        ORDER BY generation, member LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED;
      IF warm <> chosen THEN
        SELECT member INTO other FROM clade.members
          WHERE run = of_run AND member = warm AND state = 'active' AND generation = least AND lease_until <= time
          FOR NO KEY UPDATE SKIP LOCKED;
      END IF;
      IF chosen IS NOT NULL THEN
        SELECT published_at INTO last FROM clade.snapshots WHERE run = of_run ORDER BY seq DESC LIMIT 1;
        -- Most claims follow a publication, and need not look further.
        IF this_run.running_since IS NULL OR last + ${pauseMs} < time THEN
          PERFORM clade.count_time(of_run, time);
          SELECT * INTO this_run FROM clade.runs WHERE key = of_run;
        END IF;
      END IF;
      UPDATE clade.members m SET epoch = m.epoch + 1, worker = claimant, lease_until = time + lease_ms, reserved = NULL
        WHERE run = of_run AND member = coalesce(other, chosen) RETURNING m.* INTO claimed;
      -- By the order of an index, so that no other is taken for it.
      SELECT s.* INTO newest FROM clade.snapshots s WHERE run = of_run AND member = claimed.member ORDER BY ordinal DESC LIMIT 1;
    END IF;
    RETURN '{"state":"' || coalesce(this_run.state, 'removed') || '"' || coalesce(',"epoch":' || claimed.epoch || ',"undecided":' || claimed.undecided
      || ',"failures":' || claimed.failures || ',"restarted":' || claimed.restarted
      || ',"hasFailed":' || EXISTS (SELECT FROM clade.failures WHERE run = of_run AND member = claimed.member)
      || ',"elapsedMs":' || this_run.elapsed_ms + greatest(0, time - coalesce(this_run.running_since, time))
      || ',"newest":' || clade.json_of(newest), '')
      || coalesce(',"published":' || CASE claimed.undecided WHEN 1 THEN clade.published_shortly(of_run, since) END, '') || '}';
  END
  $$;
`;
