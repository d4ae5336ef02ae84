-- Facade of operators: endpoints, and deliveries that are to be sent again or not at all.
-- Each is a door: it checks nothing itself, runs with the owner's rights, and calls the function that does the work.

create or replace function leadgen.enable_endpoint(p_id bigint)
returns boolean
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return outbox.enable_endpoint(p_id);
end;
$$;
comment on function leadgen.enable_endpoint(bigint) is
  'Takes an endpoint into use again, its failures forgotten: what waits for it is sent now, whenever its next attempt '
  'was planned (10,000 deliveries at most). False when it is in use and did not fail; LG404 when there is none.';

create or replace function leadgen.disable_endpoint(p_id bigint, p_reason text)
returns boolean
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return outbox.disable_endpoint(p_id, p_reason);
end;
$$;
comment on function leadgen.disable_endpoint(bigint, text) is
  'Sends nothing more to an endpoint: what is due waits until leadgen.enable_endpoint. The reason is told to the '
  'buyer. False when it was disabled before; LG404 when there is none.';

create or replace function leadgen.send_test(p_endpoint_id bigint)
returns bigint
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return outbox.send_test(p_endpoint_id);
end;
$$;
comment on function leadgen.send_test(bigint) is
  'Sends a test (webhook.test) to an endpoint and returns its delivery''s id; one that is still under way is returned'
  ' instead. LG409 when the endpoint is disabled.';

create or replace function leadgen.retry_delivery(p_id bigint, p_again boolean default false)
returns text
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return outbox.retry_delivery(p_id, p_again);
end;
$$;
comment on function leadgen.retry_delivery(bigint, boolean) is
  'Sends a delivery again, or now if it waits; its id for the receiver stays the same. Returns its state. LG409 with '
  'the reason when it cannot be: its sale has ended, its lead was erased, its endpoint is disabled; a delivered one '
  'needs p_again. LG404 when there is none.';

create or replace function leadgen.park_delivery(p_id bigint)
returns text
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return outbox.park_delivery(p_id);
end;
$$;
comment on function leadgen.park_delivery(bigint) is
  'Takes a waiting delivery out of the queue until leadgen.retry_delivery. Returns its state; LG409 when it does not '
  'wait, LG404 when there is none.';

create or replace function leadgen.start_resend(p_filter jsonb, p_request_key text default null)
returns bigint
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return outbox.start_resend(p_filter, p_request_key);
end;
$$;
comment on function leadgen.start_resend(jsonb, text) is
  'Has ended deliveries sent again: {"buyer_id", "from", "to", "statuses", "per_minute"}, all of them optional (see '
  'outbox.read_resend_filter). Returns the resend run''s id; of a running one of the same deliveries, or one that was '
  'asked for with the same key, that one''s.';

create or replace function leadgen.cancel_resend(p_id bigint)
returns boolean
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return outbox.cancel_resend(p_id);
end;
$$;
comment on function leadgen.cancel_resend(bigint) is
  'Stops a resend run: what it put into the queue stays there, the rest is left as it is. False when it had ended; '
  'LG404 when there is none.';
