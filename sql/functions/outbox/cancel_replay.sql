create or replace function leadgen.cancel_replay(p_id bigint)
returns boolean
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  update leadgen.replays r
  set status = 'cancelled', finished_at = leadgen.clock(), cancelled_by = session_user
  where r.id = p_id and r.status = 'running';
  if found then
    return true;
  elsif not exists (select from leadgen.replays r where r.id = p_id) then
    perform leadgen.refuse('LG404', 'There is no such replay', 'replay_id', p_id::text, 'an id in report.replays');
  end if;
  return false;
end;
$$;
comment on function leadgen.cancel_replay(bigint) is
  'Stops a replay: what it put into the queue stays there, the rest is left as it is. False when it had ended; LG404 when there is none.';
