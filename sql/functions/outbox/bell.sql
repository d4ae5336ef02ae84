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
    perform outbox.notify_workers('');
  end if;
end;
$$;
comment on function outbox.ring_workers() is
  'Wakes workers that nap. Nobody naps: no NOTIFY, whose lock at commit would serialise all leads.';

create or replace function outbox.notify_workers(p_words text)
returns void
language plpgsql
volatile
as $$
-- The queue is one for the whole server, and anybody may fill it. A commit fails that finds it full.
declare
  c_nearly_full constant double precision := 0.9;
begin
  if pg_notification_queue_usage() < c_nearly_full then
    perform pg_notify('leadgen_deliveries', p_words);
  end if;
end;
$$;
comment on function outbox.notify_workers(text) is
  'Notifies the workers, unless the server''s queue of notifications is nearly full: workers also poll.';
