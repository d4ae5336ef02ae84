create or replace function leadgen.start_replay(p_filter jsonb, p_request_key text default null)
returns bigint
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
-- Two unique indexes make one wish one replay: its key, and a running one of the same deliveries. Who comes second waits
-- for the first and then finds it, in a statement of its own.
declare
  v_now constant timestamptz := leadgen.clock();
  v_wanted constant leadgen.replays := leadgen.read_replay_filter(p_filter);
  v_replay leadgen.replays;
begin
  if p_request_key !~ '^[[:print:]]{1,128}$' then
    perform leadgen.refuse('LG400', 'A request key is 1 to 128 characters on one line', 'request_key', 'text of another form',
      '1 to 128 printable characters');
  end if;
  insert into leadgen.replays (
    created_at, created_by, request_key, buyer_id, created_from, created_to, statuses, per_minute, last_id, next_step_at
  )
  values (
    v_now, session_user, p_request_key, v_wanted.buyer_id, v_wanted.created_from, v_wanted.created_to, v_wanted.statuses,
    v_wanted.per_minute, coalesce((select max(d.id) from leadgen.deliveries d), 0), v_now
  )
  on conflict do nothing
  returning * into v_replay;
  if found then
    return v_replay.id;
  end if;

  select r.* into v_replay from leadgen.replays r where r.request_key = p_request_key;
  if found and (v_replay.buyer_id, v_replay.created_from, v_replay.created_to, v_replay.statuses)
    is distinct from (v_wanted.buyer_id, v_wanted.created_from, v_wanted.created_to, v_wanted.statuses) then
    perform leadgen.refuse('LG409', format('The key was used for another replay, %s', v_replay.id), 'request_key', 'a key of another filter',
      'a new key');
  elsif not found then
    select r.* into v_replay
    from leadgen.replays r
    where r.status = 'running'
      and (r.buyer_id, r.created_from, r.created_to, r.statuses)
        is not distinct from (v_wanted.buyer_id, v_wanted.created_from, v_wanted.created_to, v_wanted.statuses);
    if not found then
      raise exception using errcode = 'serialization_failure', message = 'a replay of the same deliveries ended at this moment',
        hint = 'Ask again.';
    end if;
  end if;
  return v_replay.id;
end;
$$;
comment on function leadgen.start_replay(jsonb, text) is
  'Has ended deliveries sent again: {"buyer_id", "from", "to", "statuses", "per_minute"}, all of them optional (see leadgen.read_replay_filter). Returns the replay''s id; of a running one of the same deliveries, or one that was asked for with the same key, that one''s.';
