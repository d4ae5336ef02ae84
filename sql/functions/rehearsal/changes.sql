-- The changes of a what-if, read and checked.

create or replace function rehearsal.read_changes(p_offer_id bigint, p_changes jsonb)
returns rehearsal.plan
language plpgsql
stable
as $$
-- The checks are those of rows that are written. Here none is, so their hint about the row is left out.
declare
  v_message text;
  v_detail text;
begin
  return rehearsal.compile_changes(p_offer_id, p_changes);
exception when sqlstate 'LG423' then
  get stacked diagnostics v_message = message_text, v_detail = pg_exception_detail;
  perform rehearsal.refuse_change(v_message, v_detail::jsonb, v_detail::jsonb ->> 'field');
  return null;
end;
$$;
comment on function rehearsal.read_changes(bigint, jsonb) is
  'The changes of a what-if, checked and compiled; LG423 names the path, what was found and what is allowed.';

create or replace function rehearsal.refuse_change(p_message text, p_detail jsonb, p_field text)
returns void
language plpgsql
immutable
as $$
declare
  v_field constant text := p_detail ->> 'field';
begin
  perform kernel.refuse('LG423',
    case when starts_with(p_message, v_field) then p_field || substr(p_message, length(v_field) + 1) else p_message end,
    p_field, p_detail ->> 'found', p_detail ->> 'allowed');
end;
$$;
comment on function rehearsal.refuse_change(text, jsonb, text) is
  'Refuses what a check of the configuration refused (its MESSAGE and DETAIL), under the path that the field has in '
  'the changes of a what-if.';

create or replace function rehearsal.compile_changes(p_offer_id bigint, p_changes jsonb)
returns rehearsal.plan
language plpgsql
stable
as $$
declare
  v_plan rehearsal.plan;
  v_offer leadgen.offers;
begin
  perform catalog.check_schema(p_changes, rehearsal.describe_changes(), 'changes');
  select o.* into v_offer from leadgen.offers o where o.id = p_offer_id;
  if not found then
    perform kernel.refuse('LG404', format('No offer %s', p_offer_id), 'offer_id', p_offer_id::text,
      'the id of an offer');
  end if;
  perform rehearsal.check_named_enrollments(p_offer_id, p_changes);
  perform rehearsal.check_changed_policies(v_offer, p_changes);

  select m.id, m.country_code, m.timezone, m.currency
  into v_plan.market_id, v_plan.country_code, v_plan.timezone, v_plan.currency
  from leadgen.markets m where m.id = v_offer.market_id;
  v_plan.offer_id := p_offer_id;
  v_plan.validation := p_changes -> 'validation';
  v_plan.routing := p_changes -> 'routing';
  v_plan.pricing := p_changes -> 'pricing';
  v_plan.payout := p_changes -> 'payout';
  v_plan.seats := rehearsal.seat_enrollments(v_offer, p_changes)
    || rehearsal.seat_newcomers(v_offer, v_plan, p_changes);
  v_plan.ids := array(select s.buyer_offer_id from unnest(v_plan.seats) s);
  v_plan.reads_leads := p_changes ?| '{validation,pricing,payout,with}'
    or coalesce(v_plan.routing -> 'exclusivity' ? 'scopes' or v_plan.routing ? 'calling_rules', false)
    or exists (select from unnest(v_plan.seats) s where s.tests is not null);
  v_plan.finds_duplicates := coalesce(v_plan.validation ?| array[
    'duplicate_window_hours', 'duplicate_match', 'duplicate_match_mode', 'duplicate_scope'], false);
  v_plan.moves_turns := p_changes ?| '{routing,with}'
    or exists (select from unnest(v_plan.seats) s where s.is_gone or s.changes is not null);
  return v_plan;
end;
$$;
comment on function rehearsal.compile_changes(bigint, jsonb) is 'The work of read_changes.';

create or replace function rehearsal.describe_changes()
returns jsonb
language plpgsql
immutable
as $$
declare
  c_fields constant jsonb := '{
    "is_active": {"type": "boolean"}, "routing_priority": {"type": "integer", "minimum": 1},
    "weight": {"type": "number", "minimum": 0.001, "maximum": 1000000},
    "budget_per_day": {"type": ["number", "null"], "minimum": 0},
    "budget_per_month": {"type": ["number", "null"], "minimum": 0},
    "price_per_lead": {"type": ["number", "null"], "minimum": 0.01, "maximum": 1000000, "decimals": 2},
    "min_balance_required": {"type": ["number", "null"], "minimum": 0},
    "pause_from": {"type": ["string", "null"]}, "pause_until": {"type": ["string", "null"]},
    "schedule": {"type": ["object", "null"]}, "filters": {"type": ["object", "null"]}}';
  c_price constant jsonb := '{"type": "number", "minimum": 0.01, "maximum": 1000000, "decimals": 2}';
  v_fields constant jsonb := c_fields || (
    select jsonb_object_agg('capacity_per_' || w, '{"type": ["integer", "null"], "minimum": 0}'::jsonb)
    from unnest(kernel.list_windows()) w);
  v_enrollment constant jsonb := jsonb_build_object(
    'type', 'object', 'additionalProperties', false, 'properties', v_fields);
  v_newcomer constant jsonb := jsonb_build_object(
    'type', 'object', 'additionalProperties', false, 'required', '["buyer_id"]'::jsonb, 'properties', v_fields
      || '{"buyer_id": {"type": "integer"},
      "service_areas": {"type": "array", "minItems": 1, "items": {"type": "string"}}}');
begin
  return jsonb_build_object('type', 'object', 'additionalProperties', false, 'properties', jsonb_build_object(
    'validation', '{"type": "object"}'::jsonb, 'routing', '{"type": "object"}'::jsonb,
    'pricing', '{"type": "object"}'::jsonb, 'payout', '{"type": "object"}'::jsonb,
    'default_price_per_lead', c_price,
    'without', '{"type": "array", "minItems": 1, "uniqueItems": true, "items": {"type": "integer"}}'::jsonb,
    'enrollments', jsonb_build_object('type', 'object', 'additionalProperties', v_enrollment),
    'with', jsonb_build_object('type', 'array', 'minItems', 1, 'items', v_newcomer)));
end;
$$;
comment on function rehearsal.describe_changes() is 'The JSON Schema of the changes of a what-if.';

create or replace function rehearsal.check_named_enrollments(p_offer_id bigint, p_changes jsonb)
returns void
language plpgsql
stable
as $$
declare
  v_unknown text;
begin
  select e.id into v_unknown
  from (select 'changes.enrollments.' || k from jsonb_object_keys(p_changes -> 'enrollments') k
    where not exists (select from leadgen.buyer_offers bo where bo.offer_id = p_offer_id and bo.id::text = k)
    union all
    select 'changes.without: buyer ' || b from jsonb_array_elements_text(p_changes -> 'without') b
    where not exists (
      select from leadgen.buyer_offers bo where bo.offer_id = p_offer_id and bo.buyer_id::text = b)) e (id)
  limit 1;
  if found then
    perform kernel.refuse_value(v_unknown, 'not enrolled in the offer', (
      select string_agg(format('%s (buyer %s)', bo.id, bo.buyer_id), ', ' order by bo.id)
      from leadgen.buyer_offers bo where bo.offer_id = p_offer_id));
  end if;
end;
$$;
comment on function rehearsal.check_named_enrollments(bigint, jsonb) is
  'LG423 unless the enrollments that are changed, and the buyers that are taken out, are of the offer.';

create or replace function rehearsal.check_changed_policies(p_offer leadgen.offers, p_changes jsonb)
returns void
language plpgsql
stable
as $$
-- Against the bodies of today; a lead judged by an older version is rehearsed on that version with the same keys
-- changed.
declare
  v_path text;
begin
  select c.kind || '.' || c.key into v_path
  from (values ('validation', 'max_per_ip_per_hour'), ('validation', 'max_per_phone_per_day'),
    ('validation', 'mx_lookup_enabled'), ('routing', 'contact_window_days')) c (kind, key)
  where p_changes -> c.kind ? c.key
  limit 1;
  if found then
    perform kernel.refuse_value('changes.' || v_path, 'a key that a what-if cannot change',
      'another key: for this one a what-if takes what was found when the lead came');
  end if;
  if p_changes ? 'validation' then
    perform rehearsal.check_changed_policy('validation', rehearsal.lay_over(
      (select p.rules from leadgen.validation_policies p where p.id = p_offer.validation_policy_id),
      p_changes -> 'validation'));
  end if;
  if p_changes ? 'routing' then
    perform rehearsal.check_changed_policy('routing', rehearsal.lay_over(
      (select p.config from leadgen.routing_policies p where p.id = p_offer.routing_policy_id),
      p_changes -> 'routing'));
  end if;
  if p_changes ? 'pricing' then
    perform rehearsal.check_changed_policy('pricing', rehearsal.lay_over(
      coalesce((select p.rules from leadgen.pricing_policies p where p.id = p_offer.pricing_policy_id), '{}'),
      p_changes -> 'pricing'));
  end if;
  perform rehearsal.check_changed_payouts(p_offer, p_changes -> 'payout');
end;
$$;
comment on function rehearsal.check_changed_policies(leadgen.offers, jsonb) is
  'Checks the policies of a what-if as a write to their rows would.';

create or replace function rehearsal.check_changed_payouts(p_offer leadgen.offers, p_payout jsonb)
returns void
language plpgsql
stable
as $$
-- Each source of the offer may have a policy of its own. Where none has, the changes must say what is paid.
declare
  v_bodies constant jsonb[] := array(
    select distinct p.rules
    from leadgen.sources s
    join leadgen.payout_policies p on p.id = s.payout_policy_id
    where s.offer_id = p_offer.id);
begin
  if p_payout is not null then
    perform rehearsal.check_changed_policy('payout', rehearsal.lay_over(b.body, p_payout))
    from unnest(case when v_bodies = '{}' then array['{}'::jsonb] else v_bodies end) b (body);
  end if;
end;
$$;
comment on function rehearsal.check_changed_payouts(leadgen.offers, jsonb) is
  'Checks the payout policies of an offer''s sources with the changed '
  'keys of a what-if as a write to their rows would.';

create or replace function rehearsal.check_changed_policy(p_kind text, p_body jsonb)
returns void
language plpgsql
stable
as $$
declare
  v_message text;
  v_detail text;
begin
  perform catalog.check_policy(p_kind, p_body);
exception when sqlstate 'LG423' then
  get stacked diagnostics v_message = message_text, v_detail = pg_exception_detail;
  perform rehearsal.refuse_change(v_message, v_detail::jsonb,
    regexp_replace(v_detail::jsonb ->> 'field', '^(rules|config)', 'changes.' || p_kind));
end;
$$;
comment on function rehearsal.check_changed_policy(text, jsonb) is
  'catalog.check_policy for the changed body of a policy: a fault has the path that it has in the changes.';

create or replace function rehearsal.read_area(p_area text, p_country_code text)
returns text
language plpgsql
immutable
as $$
-- What has a digit or a star is a postal code or a prefix of one, any other name a city.
declare
  v_code constant text := ref.normalize_postal_code(p_area, p_country_code);
begin
  return case
    when p_area !~ '[0-9*]' and p_area ~ '[^[:cntrl:][:space:][:punct:]]' then 'city:' || ref.normalize_city(p_area)
    when v_code ~ E'^[A-Z0-9 -]*\\*$' or ref.is_postal_code(v_code, p_country_code) then 'postal_code:' || v_code
  end;
end;
$$;
comment on function rehearsal.read_area(text, text) is
  'A service area as leads are compared with it, city:austin or postal_code:787*; null: no lead can be in it.';

create or replace function rehearsal.lay_over(p_body jsonb, p_changes jsonb)
returns jsonb
language plpgsql
immutable
as $$
begin
  return p_body - array(select c.key from jsonb_each(p_changes) c where c.value = 'null')
    || (select coalesce(jsonb_object_agg(c.key, c.value), '{}') from jsonb_each(p_changes) c where c.value <> 'null');
end;
$$;
comment on function rehearsal.lay_over(jsonb, jsonb) is
  'A policy''s body with keys replaced; a key whose value is null is taken away.';
