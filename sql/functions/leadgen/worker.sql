-- Facade of the worker: claims, outcomes, chores.
-- Each is a door: it checks nothing itself, runs with the owner's rights, and calls the function that does the work.

create or replace function leadgen.claim_deliveries(
  p_worker text,
  p_room jsonb,
  p_lease interval,
  p_unrecorded bigint[] default '{}'
)
returns table (
  delivery_id bigint,
  lease_token uuid,
  attempt integer,
  channel text,
  kind text,
  target text,
  message_id text,
  secrets text[],
  headers jsonb,
  body text,
  details jsonb,
  timeout_seconds double precision,
  buyer_id bigint,
  endpoint_id bigint,
  sealed bytea,
  contact_digests text[]
)
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_bitmapscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set jit = off
as $$
begin
  return query select * from outbox.claim_deliveries(p_worker, p_room, p_lease, p_unrecorded);
end;
$$;
comment on function leadgen.claim_deliveries(text, jsonb, interval, bigint[]) is
  'Leases due deliveries to a worker, endpoint by endpoint in turn, as many of each channel as it has room for '
  '({"webhook": 100, "email": 8, "sms": 4}): each with its fencing token, where it goes, the secrets to sign with, '
  'the exact body to send and its own timeout. sealed: the lead''s contact, which the worker puts into the body; '
  'contact_digests: phone and e-mail of its row, by which the worker sees that the contact is of this lead. Those '
  'whose results the worker has still to record are not claimed again. Nothing in a copy.';

create or replace function leadgen.record_attempts(p_results jsonb, p_max_retries integer, p_retry_delay interval)
returns table (delivery_id bigint, status text, outcome text, reason text)
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_bitmapscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set jit = off
as $$
begin
  return query select * from roads.record_attempts(p_results, p_max_retries, p_retry_delay);
end;
$$;
comment on function leadgen.record_attempts(jsonb, integer, interval) is
  'Records outcomes of claimed deliveries and what follows for sale, lead and endpoint. Returns each delivery''s new '
  'status and what its answer was judged to mean; fenced where the lease is no longer held; locked where somebody '
  'holds the row of the delivery, its sale or its lead: nothing of it was recorded, and it is to be recorded later.';

create or replace function leadgen.release_deliveries(p_delivery_ids bigint[], p_tokens uuid[])
returns integer
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return outbox.release_deliveries(p_delivery_ids, p_tokens);
end;
$$;
comment on function leadgen.release_deliveries(bigint[], uuid[]) is
  'Gives claims back at once, uncounted: each delivery with its token. Returns how many were still held. A row that '
  'somebody has locked is left until its lease runs out.';

create or replace function leadgen.list_withdrawn(p_delivery_ids bigint[], p_tokens uuid[])
returns bigint[]
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return outbox.list_withdrawn(p_delivery_ids, p_tokens);
end;
$$;
comment on function leadgen.list_withdrawn(bigint[], uuid[]) is
  'Which claims no longer hold, each a delivery with its token: it was cancelled, or its lease went to another worker.';

create or replace function leadgen.take_nap(p_worker text, p_interval interval)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  perform outbox.take_nap(p_worker, p_interval);
end;
$$;
comment on function leadgen.take_nap(text, interval) is
  'Says that a worker sleeps for at most an interval and wants to be woken; an interval of 0 says that it is awake.';

create or replace function leadgen.follow_change()
returns integer
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return roads.follow_change();
end;
$$;
comment on function leadgen.follow_change() is
  'Does what follows from changes of the catalogue, for one offer: held leads are offered again, low balances are '
  'announced. Returns how many steps it took, 0 when no change waits.';

create or replace function leadgen.route_held_lead()
returns bigint
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set jit = off
as $$
begin
  return roads.route_held_lead();
end;
$$;
comment on function leadgen.route_held_lead() is
  'Routes the held lead that has waited longest past its time; sold, or held on, or its hold ended. Returns its id, '
  'null when none is due.';

create or replace function leadgen.settle_answers()
returns integer
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return market.settle_answers();
end;
$$;
comment on function leadgen.settle_answers() is
  'Ends the time to answer of at most 500 sales: accepted by silence '
  '(auto_after), or lapsed (explicit). Returns how many.';

create or replace function leadgen.settle_return()
returns bigint
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return roads.settle_return();
end;
$$;
comment on function leadgen.settle_return() is
  'Decides the return that came with a webhook''s reply longest ago, as the policy says. Returns its id, null when '
  'there is none.';

create or replace function leadgen.release_due_sale()
returns bigint
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return roads.release_due_sale();
end;
$$;
comment on function leadgen.release_due_sale() is
  'Releases the sale that failed or lapsed longest ago. Returns its id, null when none is due.';

create or replace function leadgen.settle_endpoints()
returns integer
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return outbox.settle_endpoints();
end;
$$;
comment on function leadgen.settle_endpoints() is
  'Does what follows for an endpoint that was disabled (see '
  'outbox.announce_endpoint). Returns how many there were, 1 or 0.';

create or replace function leadgen.settle_reports()
returns integer
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return roads.settle_reports();
end;
$$;
comment on function leadgen.settle_reports() is
  'Ends the wait for reports that did not come for four hours, at most 500 of them: nobody knows whether the message '
  'arrived. Returns how many.';

create or replace function leadgen.advance_resend()
returns bigint
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return outbox.advance_resend();
end;
$$;
comment on function leadgen.advance_resend() is
  'Takes one step of the resend run that is due longest: as many deliveries as its pace allows. Returns the run''s id, '
  'null when none is due.';

create or replace function leadgen.list_chores()
returns table (name text, pause_seconds double precision)
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return query select * from roads.list_chores();
end;
$$;
comment on function leadgen.list_chores() is
  'What a worker does beside delivering, in this order: chores by name, and for how many seconds to leave each alone '
  'after a turn of it.';

create or replace function leadgen.run_chore(p_name text)
returns boolean
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set jit = off
as $$
begin
  return roads.run_chore(p_name);
end;
$$;
comment on function leadgen.run_chore(text) is
  'Does one piece of a chore of leadgen.chores, in the caller''s transaction. Returns whether there was something to '
  'do: then ask again. Nothing is done in a copy. LG404 when there is no such chore.';

create or replace function leadgen.list_endpoint_checks(p_limit integer)
returns table (endpoint_id bigint, target text)
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return query select * from outbox.list_endpoint_checks(p_limit);
end;
$$;
comment on function leadgen.list_endpoint_checks(integer) is
  'URLs that are new: a worker looks up the name and records what it found '
  'with leadgen.record_endpoint_check. None in a copy.';

create or replace function leadgen.record_endpoint_check(p_id bigint, p_fault text)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  perform outbox.record_endpoint_check(p_id, p_fault);
end;
$$;
comment on function leadgen.record_endpoint_check(bigint, text) is
  'Records that the name in an endpoint''s URL was looked up. A fault (it leads to an address that is not public) '
  'disables the endpoint; null: none.';

create or replace function leadgen.measure_outbox()
returns table (channel text, status text, deliveries bigint, oldest_seconds double precision)
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
as $$
begin
  return query select * from outbox.measure_outbox();
end;
$$;
comment on function leadgen.measure_outbox() is
  'What is in the outbox but not done, by channel and state, and how old the oldest is: pending, waiting (pending, '
  'but its endpoint is disabled), sending, sent, parked, unknown, dead.';
