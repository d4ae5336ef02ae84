-- Road: a buyer's person does something on a page of the portal.

create or replace function roads.answer_sale_for(
  p_token_hash text,
  p_sale_id bigint,
  p_answer text,
  p_reason text,
  p_note text,
  p_evidence jsonb
)
returns jsonb
language plpgsql
volatile
as $$
begin
  return roads.answer_own_sale(
    (identity.admit_buyer(p_token_hash) ->> 'buyer_id')::bigint, p_sale_id, p_answer, p_reason, p_note, 'portal',
    p_evidence);
end;
$$;
comment on function roads.answer_sale_for(text, bigint, text, text, text, jsonb) is
  'The work of leadgen.answer_sale_for.';

create or replace function roads.report_outcome_for(p_token_hash text, p_sale_id bigint, p_report jsonb)
returns jsonb
language plpgsql
volatile
as $$
declare
  v_sale constant leadgen.lead_assignments := market.find_own_sale(
    (identity.admit_buyer(p_token_hash) ->> 'buyer_id')::bigint, p_sale_id);
begin
  perform roads.report_outcome(v_sale.id, p_report, 'portal');
  return market.describe_answer(v_sale.id);
end;
$$;
comment on function roads.report_outcome_for(text, bigint, jsonb) is 'The work of leadgen.report_outcome_for.';

create or replace function roads.find_own_zone(p_token_hash text, p_enrollment_id bigint)
returns text
language plpgsql
volatile
as $$
-- Another buyer's enrollment is as good as none, in the same words.
declare
  v_buyer_id constant bigint := identity.admit_buyer(p_token_hash, 'manage') ->> 'buyer_id';
  v_zone constant text := (
    select coalesce(e.timezone, m.timezone)
    from leadgen.buyer_offers e
    join leadgen.offers o on o.id = e.offer_id
    join leadgen.markets m on m.id = o.market_id
    where e.id = p_enrollment_id and e.buyer_id = v_buyer_id);
begin
  if v_zone is null then
    perform kernel.refuse('LG404', 'There is no such enrollment', 'enrollment_id', p_enrollment_id::text,
      'the id of an enrollment of yours');
  end if;
  return v_zone;
end;
$$;
comment on function roads.find_own_zone(text, bigint) is
  'The zone of an enrollment of the buyer whose owner is signed in. LG401, LG403 for a member, LG404 for an enrollment '
  'that is not the buyer''s.';

create or replace function roads.pause_own_enrollment(
  p_token_hash text,
  p_enrollment_id bigint,
  p_from timestamp,
  p_until timestamp
)
returns void
language plpgsql
volatile
as $$
declare
  v_zone constant text := roads.find_own_zone(p_token_hash, p_enrollment_id);
begin
  if not isfinite(p_until) then
    perform kernel.refuse('LG400', 'A pause ends at a time', 'until', p_until::text, 'a time, or nothing');
  end if;
  perform catalog.pause_enrollment(p_enrollment_id, p_from at time zone v_zone, p_until at time zone v_zone);
end;
$$;
comment on function roads.pause_own_enrollment(text, bigint, timestamp, timestamp) is
  'The work of leadgen.pause_own_enrollment.';

create or replace function roads.resume_own_enrollment(p_token_hash text, p_enrollment_id bigint)
returns boolean
language plpgsql
volatile
as $$
begin
  perform roads.find_own_zone(p_token_hash, p_enrollment_id);
  return catalog.resume_enrollment(p_enrollment_id);
end;
$$;
comment on function roads.resume_own_enrollment(text, bigint) is 'The work of leadgen.resume_own_enrollment.';

create or replace function roads.set_own_limits(
  p_token_hash text,
  p_enrollment_id bigint,
  p_version bigint,
  p_limits jsonb
)
returns void
language plpgsql
volatile
as $$
begin
  perform roads.find_own_zone(p_token_hash, p_enrollment_id);
  perform catalog.set_own_limits(p_enrollment_id, p_version, p_limits);
end;
$$;
comment on function roads.set_own_limits(text, bigint, bigint, jsonb) is 'The work of leadgen.set_own_limits.';

create or replace function roads.set_own_hours(
  p_token_hash text,
  p_enrollment_id bigint,
  p_version bigint,
  p_days jsonb
)
returns void
language plpgsql
volatile
as $$
begin
  perform roads.find_own_zone(p_token_hash, p_enrollment_id);
  perform catalog.set_own_hours(p_enrollment_id, p_version, p_days);
end;
$$;
comment on function roads.set_own_hours(text, bigint, bigint, jsonb) is 'The work of leadgen.set_own_hours.';

create or replace function roads.start_own_top_up(
  p_token_hash text,
  p_amount numeric,
  p_key text,
  p_saves_method boolean
)
returns bigint
language plpgsql
volatile
as $$
begin
  return billing.start_own_top_up(
    (identity.admit_buyer(p_token_hash, 'manage') ->> 'buyer_id')::bigint, p_amount, p_key, p_saves_method);
end;
$$;
comment on function roads.start_own_top_up(text, numeric, text, boolean) is 'The work of leadgen.start_own_top_up.';

create or replace function roads.set_own_recharge(
  p_token_hash text,
  p_below numeric,
  p_amount numeric,
  p_budget numeric
)
returns void
language plpgsql
volatile
as $$
begin
  perform billing.set_recharge(
    (identity.admit_buyer(p_token_hash, 'manage') ->> 'buyer_id')::bigint, p_below, p_amount, p_budget);
end;
$$;
comment on function roads.set_own_recharge(text, numeric, numeric, numeric) is 'The work of leadgen.set_own_recharge.';

create or replace function roads.list_own_notice_choices(p_token_hash text)
returns jsonb
language plpgsql
volatile
as $$
declare
  v_me constant jsonb := identity.admit_buyer(p_token_hash, 'manage');
begin
  return jsonb_build_object('me', v_me) || outbox.list_notice_choices((v_me ->> 'buyer_id')::bigint);
end;
$$;
comment on function roads.list_own_notice_choices(text) is 'The work of leadgen.list_own_notice_choices.';

create or replace function roads.set_own_notice_choices(p_token_hash text, p_choices jsonb)
returns void
language plpgsql
volatile
as $$
begin
  perform outbox.set_notice_choices(
    (identity.admit_buyer(p_token_hash, 'manage') ->> 'buyer_id')::bigint, p_choices);
end;
$$;
comment on function roads.set_own_notice_choices(text, jsonb) is 'The work of leadgen.set_own_notice_choices.';

create or replace function roads.send_own_test(p_token_hash text, p_endpoint_id bigint)
returns bigint
language plpgsql
volatile
as $$
declare
  v_buyer_id constant bigint := identity.admit_buyer(p_token_hash) ->> 'buyer_id';
begin
  if not exists (select from leadgen.endpoints e where e.id = p_endpoint_id and e.buyer_id = v_buyer_id) then
    perform kernel.refuse('LG404', 'There is no such endpoint', 'endpoint_id', p_endpoint_id::text,
      'the id of an endpoint of yours');
  end if;
  return outbox.send_test(p_endpoint_id);
end;
$$;
comment on function roads.send_own_test(text, bigint) is 'The work of leadgen.send_own_test.';
