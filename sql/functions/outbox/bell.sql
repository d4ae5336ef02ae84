-- The bell: NOTIFY only for workers that sleep.

create or replace function outbox.take_nap(p_worker text, p_interval interval)
returns void
language plpgsql
volatile
as $$
begin
  insert into leadgen.worker_naps as n (worker, until)
  values (p_worker, clock_timestamp() + p_interval)
  on conflict (worker) do update set until = excluded.until;
  delete from leadgen.worker_naps n where n.until < clock_timestamp() - interval '1 hour';
end;
$$;
comment on function outbox.take_nap(text, interval) is 'The work of leadgen.take_nap.';

create or replace function outbox.ring_workers()
returns void
language plpgsql
volatile
as $$
begin
  if exists (select from leadgen.worker_naps n where n.until > clock_timestamp()) then
    perform pg_notify('leadgen_deliveries', '');
  end if;
end;
$$;
comment on function outbox.ring_workers() is
  'Wakes workers that nap. Nobody naps: no NOTIFY, whose lock at commit would serialise all leads.';
