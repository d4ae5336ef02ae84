-- Facade of the portal: what a buyer's person does on its pages, by a session.
-- Each is a door: it checks nothing itself, runs with the owner's rights, and calls the function that does the work.

create or replace function leadgen.answer_sale_for(
  p_token_hash text,
  p_sale_id bigint,
  p_answer text,
  p_reason text default null,
  p_note text default null,
  p_evidence jsonb default null
)
returns jsonb
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return roads.answer_sale_for(p_token_hash, p_sale_id, p_answer, p_reason, p_note, p_evidence);
end;
$$;
comment on function leadgen.answer_sale_for(text, bigint, text, text, text, jsonb) is
  'leadgen.answer_sale by a user of the buyer. LG400, LG401, LG403, LG404, LG409.';

create or replace function leadgen.report_outcome_for(p_token_hash text, p_sale_id bigint, p_report jsonb)
returns jsonb
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return roads.report_outcome_for(p_token_hash, p_sale_id, p_report);
end;
$$;
comment on function leadgen.report_outcome_for(text, bigint, jsonb) is
  'leadgen.report_outcome by a user of the buyer. LG400, LG401, LG403, LG404, LG409.';

create or replace function leadgen.pause_own_enrollment(
  p_token_hash text,
  p_enrollment_id bigint,
  p_from timestamp default null,
  p_until timestamp default null
)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  perform roads.pause_own_enrollment(p_token_hash, p_enrollment_id, p_from, p_until);
end;
$$;
comment on function leadgen.pause_own_enrollment(text, bigint, timestamp, timestamp) is
  'leadgen.pause_enrollment by an owner of its buyer; times are of the enrollment''s zone. LG400, LG401, LG403, LG404.';

create or replace function leadgen.resume_own_enrollment(p_token_hash text, p_enrollment_id bigint)
returns boolean
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return roads.resume_own_enrollment(p_token_hash, p_enrollment_id);
end;
$$;
comment on function leadgen.resume_own_enrollment(text, bigint) is
  'leadgen.resume_enrollment by an owner of its buyer. LG401, LG403, LG404.';

create or replace function leadgen.send_own_test(p_token_hash text, p_endpoint_id bigint)
returns bigint
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return roads.send_own_test(p_token_hash, p_endpoint_id);
end;
$$;
comment on function leadgen.send_own_test(text, bigint) is
  'leadgen.send_test by a user of the endpoint''s buyer. LG401, LG403, LG404, LG409.';

create or replace function leadgen.set_own_limits(
  p_token_hash text,
  p_enrollment_id bigint,
  p_version bigint,
  p_limits jsonb
)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  perform roads.set_own_limits(p_token_hash, p_enrollment_id, p_version, p_limits);
end;
$$;
comment on function leadgen.set_own_limits(text, bigint, bigint, jsonb) is
  'Sets the caps and budgets of an enrollment, all of them, by an owner of its buyer, where buyer_may_set lets it: '
  '{"capacity_per_day": "5", "budget_per_month": "900.00"}; what is missing or empty is no limit. p_version: the '
  'version that was shown. LG400, LG401, LG403, LG404, LG409.';

create or replace function leadgen.set_own_hours(
  p_token_hash text,
  p_enrollment_id bigint,
  p_version bigint,
  p_days jsonb
)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  perform roads.set_own_hours(p_token_hash, p_enrollment_id, p_version, p_days);
end;
$$;
comment on function leadgen.set_own_hours(text, bigint, bigint, jsonb) is
  'Sets the hours of an enrollment by an owner of its buyer, where buyer_may_set lets it: {"mon": "08:00-12:00, '
  '13:00-18:00"}; a day that is missing or empty is closed, null is always. p_version: the version that was shown. '
  'LG400, LG401, LG403, LG404, LG409.';

create or replace function leadgen.start_own_top_up(
  p_token_hash text,
  p_amount numeric,
  p_key text,
  p_saves_method boolean
)
returns bigint
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return roads.start_own_top_up(p_token_hash, p_amount, p_key, p_saves_method);
end;
$$;
comment on function leadgen.start_own_top_up(text, numeric, text, boolean) is
  'An owner of a buyer who pays in advance asks for a payment on Stripe''s page: its id, for '
  'leadgen.show_portal_payment. p_key: one for each payment; sent again, the same payment. LG400, LG401, LG403, LG409, '
  'LG422.';

create or replace function leadgen.set_own_recharge(
  p_token_hash text,
  p_below numeric,
  p_amount numeric,
  p_budget numeric
)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  perform roads.set_own_recharge(p_token_hash, p_below, p_amount, p_budget);
end;
$$;
comment on function leadgen.set_own_recharge(text, numeric, numeric, numeric) is
  'leadgen.set_recharge by an owner of the buyer. LG400, LG401, LG403, LG409.';

create or replace function leadgen.list_own_notice_choices(p_token_hash text)
returns jsonb
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return roads.list_own_notice_choices(p_token_hash);
end;
$$;
comment on function leadgen.list_own_notice_choices(text) is
  'Which notices a buyer gets by e-mail, and to whose address: {me, is_on, address, topics, users}. For owners. LG401, '
  'LG403.';

create or replace function leadgen.set_own_notice_choices(p_token_hash text, p_choices jsonb)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  perform roads.set_own_notice_choices(p_token_hash, p_choices);
end;
$$;
comment on function leadgen.set_own_notice_choices(text, jsonb) is
  'Chooses which notices go to whom, by an owner of the buyer: {"money": "account", "invoices": "17", "deliveries": '
  '"off"}, a number being the id of a user of the buyer. LG400, LG401, LG403.';
