create or replace function leadgen.advance_replay()
returns bigint
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
-- One step a call, so one step is one transaction: what it sent again, what it counted and how far it is commit together.
-- A step takes its share of the minute since it was due, at least one; the debt of a long pause is forgotten, or the
-- receiver would get it all at once. What is passed over costs no share, but a step looks at no more than 1,000.
declare
  c_looks constant integer := 1000;
  c_debt constant interval := '10 seconds';
  v_now constant timestamptz := leadgen.clock();
  v_replay leadgen.replays;
  v_share integer;
  v_id bigint;
  v_looked integer := 0;
  v_fault text;
begin
  select r.* into v_replay
  from leadgen.replays r
  where r.status = 'running' and r.next_step_at <= v_now
  order by r.next_step_at, r.id
  limit 1
  for no key update skip locked;
  if not found then
    return null;
  end if;
  v_share := 1 + floor(v_replay.per_minute * extract(epoch from least(v_now - v_replay.next_step_at, c_debt)) / 60);

  foreach v_id in array leadgen.list_replay_candidates(v_replay, c_looks) loop
    exit when v_share = 0;
    v_fault := leadgen.resend_delivery(v_id, v_replay.statuses, v_replay.id);
    if v_fault is null then
      v_share := v_share - 1;
      v_replay.replayed := v_replay.replayed + 1;
    else
      v_replay.skipped := v_replay.skipped + 1;
      v_replay.skipped_for := v_replay.skipped_for
        || jsonb_build_object(v_fault, coalesce((v_replay.skipped_for -> v_fault)::integer, 0) + 1);
    end if;
    v_looked := v_looked + 1;
    v_replay.cursor_id := v_id;
  end loop;
  if v_share > 0 and v_looked < c_looks then
    v_replay.status := 'done';
    v_replay.finished_at := v_now;
  end if;

  update leadgen.replays r
  set
    cursor_id = v_replay.cursor_id,
    replayed = v_replay.replayed,
    skipped = v_replay.skipped,
    skipped_for = v_replay.skipped_for,
    status = v_replay.status,
    finished_at = v_replay.finished_at,
    next_step_at = case when v_share = 0 then v_now + interval '1 minute' / r.per_minute else v_now end
  where r.id = v_replay.id;
  perform leadgen.ring_workers();
  return v_replay.id;
end;
$$;
comment on function leadgen.advance_replay() is
  'Takes one step of the replay that is due longest: sends deliveries again, as many as its pace allows. Returns the replay''s id, null when none is due.';
