create or replace function leadgen.take_nap(p_worker text, p_interval interval)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  insert into leadgen.worker_naps as n (worker, until)
  values (p_worker, clock_timestamp() + p_interval)
  on conflict (worker) do update set until = excluded.until;
  delete from leadgen.worker_naps n where n.until < clock_timestamp() - interval '1 hour';
end;
$$;
comment on function leadgen.take_nap(text, interval) is
  'Says that a worker sleeps for at most an interval and wants to be woken; an interval of 0 says that it is awake.';
