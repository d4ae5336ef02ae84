-- Facade of the console: what is done on its pages, by a session whose user has the right.
-- Each is a door: it checks nothing itself, runs with the owner's rights, and calls the function that does the work.

create or replace function leadgen.retry_delivery_for(
  p_token_hash text,
  p_delivery_id bigint,
  p_again boolean default false
)
returns text
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return roads.retry_delivery_for(p_token_hash, p_delivery_id, p_again);
end;
$$;
comment on function leadgen.retry_delivery_for(text, bigint, boolean) is
  'leadgen.retry_delivery by a user who may work. LG401, LG403, LG404, LG409.';

create or replace function leadgen.park_delivery_for(p_token_hash text, p_delivery_id bigint)
returns text
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return roads.park_delivery_for(p_token_hash, p_delivery_id);
end;
$$;
comment on function leadgen.park_delivery_for(text, bigint) is
  'leadgen.park_delivery by a user who may work. LG401, LG403, LG404, LG409.';

create or replace function leadgen.enable_endpoint_for(p_token_hash text, p_endpoint_id bigint, p_reason text)
returns boolean
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return roads.enable_endpoint_for(p_token_hash, p_endpoint_id, p_reason);
end;
$$;
comment on function leadgen.enable_endpoint_for(text, bigint, text) is
  'leadgen.enable_endpoint by a user who may work, with a reason. LG400, LG401, LG403, LG404.';

create or replace function leadgen.disable_endpoint_for(p_token_hash text, p_endpoint_id bigint, p_reason text)
returns boolean
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return roads.disable_endpoint_for(p_token_hash, p_endpoint_id, p_reason);
end;
$$;
comment on function leadgen.disable_endpoint_for(text, bigint, text) is
  'leadgen.disable_endpoint by a user who may work; the reason is told to the buyer. LG400, LG401, LG403, LG404.';

create or replace function leadgen.send_test_for(p_token_hash text, p_endpoint_id bigint)
returns bigint
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return roads.send_test_for(p_token_hash, p_endpoint_id);
end;
$$;
comment on function leadgen.send_test_for(text, bigint) is
  'leadgen.send_test by a user who may work. LG401, LG403, LG404, LG409.';

create or replace function leadgen.decide_return_for(
  p_token_hash text,
  p_return_id bigint,
  p_approve boolean,
  p_note text default null
)
returns jsonb
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return roads.decide_return_for(p_token_hash, p_return_id, p_approve, p_note);
end;
$$;
comment on function leadgen.decide_return_for(text, bigint, boolean, text) is
  'leadgen.decide_return by a user who may decide, whom the return then names. LG400, LG401, LG403, LG404, LG409.';

create or replace function leadgen.return_sale_for(
  p_token_hash text,
  p_assignment_id bigint,
  p_reason_code text,
  p_note text default null
)
returns text
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return roads.return_sale_for(p_token_hash, p_assignment_id, p_reason_code, p_note);
end;
$$;
comment on function leadgen.return_sale_for(text, bigint, text, text) is
  'leadgen.return_sale by a user who may decide, whom the return then names. LG400, LG401, LG403, LG404, LG409.';

create or replace function leadgen.resubmit_quarantined_for(
  p_token_hash text,
  p_quarantine_id bigint,
  p_opened jsonb default null
)
returns jsonb
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
  return roads.resubmit_for(p_token_hash, p_quarantine_id, p_opened);
end;
$$;
comment on function leadgen.resubmit_quarantined_for(text, bigint, jsonb) is
  'leadgen.resubmit_quarantined by a user who may work. LG401, LG403, LG404, LG409.';

create or replace function leadgen.open_submission_for(p_token_hash text, p_quarantine_id bigint, p_reason text)
returns text
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return roads.open_submission_for(p_token_hash, p_quarantine_id, p_reason);
end;
$$;
comment on function leadgen.open_submission_for(text, bigint, text) is
  'The sealed text of a submission in quarantine in hex, for a program that opens it to resubmit it; null: it is '
  'clear. An event says who and why. LG400, LG401, LG403.';

create or replace function leadgen.route_again_for(p_token_hash text, p_lead_id bigint)
returns boolean
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return roads.route_again_for(p_token_hash, p_lead_id);
end;
$$;
comment on function leadgen.route_again_for(text, bigint) is
  'leadgen.route_again by a user who may work. LG401, LG403, LG404, LG409.';

create or replace function leadgen.open_lead_for(p_token_hash text, p_lead_id bigint, p_reason text)
returns jsonb
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return roads.open_lead_for(p_token_hash, p_lead_id, p_reason);
end;
$$;
comment on function leadgen.open_lead_for(text, bigint, text) is
  'The contact of a lead, for a user who may open it and says why: as it is, or sealed (hex), with the digests that '
  'its row has as phone and email, for a program that can open it. Each look is an event. LG400, LG401, LG403, LG404, '
  'LG409.';

create or replace function leadgen.sell_lead_for(
  p_token_hash text,
  p_lead_id bigint,
  p_buyer_id bigint,
  p_reason text,
  p_opened jsonb default null
)
returns jsonb
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
  return roads.sell_lead_for(p_token_hash, p_lead_id, p_buyer_id, p_reason, p_opened);
end;
$$;
comment on function leadgen.sell_lead_for(text, bigint, bigint, text, jsonb) is
  'leadgen.sell_lead by a user who may work. LG400, LG401, LG403, LG404, LG409.';

create or replace function leadgen.credit_sale_for(
  p_token_hash text,
  p_assignment_id bigint,
  p_amount numeric,
  p_key text,
  p_reason text
)
returns bigint
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return roads.credit_sale_for(p_token_hash, p_assignment_id, p_amount, p_key, p_reason);
end;
$$;
comment on function leadgen.credit_sale_for(text, bigint, numeric, text, text) is
  'Gives a part of a sale''s price back, null: what is left of it, by a user who may decide, with a reason; the id of '
  'the transaction. One key is one credit. LG400, LG401, LG403, LG404, LG409, LG422.';

create or replace function leadgen.erase_lead_for(
  p_token_hash text,
  p_lead_id bigint,
  p_reason text,
  p_opened jsonb default null
)
returns boolean
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return roads.erase_lead_for(p_token_hash, p_lead_id, p_reason, p_opened);
end;
$$;
comment on function leadgen.erase_lead_for(text, bigint, text, jsonb) is
  'leadgen.erase_lead by a user who may erase. LG400, LG401, LG403, LG404.';
