-- The changes of a what-if, read and checked.

create or replace function rehearsal.read_changes(p_offer_id bigint, p_changes jsonb)
returns rehearsal.rehearsal
language plpgsql
stable
as $$
declare
  c_fields constant jsonb := '{
    "is_active": {"type": "boolean"}, "routing_priority": {"type": "integer", "minimum": 1},
    "weight": {"type": "number", "minimum": 0.001, "maximum": 1000000},
    "capacity_per_hour": {"type": ["integer", "null"], "minimum": 0}, "capacity_per_day": {"type": ["integer", "null"], "minimum": 0},
    "capacity_per_week": {"type": ["integer", "null"], "minimum": 0}, "capacity_per_month": {"type": ["integer", "null"], "minimum": 0},
    "budget_per_day": {"type": ["number", "null"], "minimum": 0}, "budget_per_month": {"type": ["number", "null"], "minimum": 0},
    "price_per_lead": {"type": ["number", "null"], "minimum": 0.01, "maximum": 1000000, "decimals": 2},
    "min_balance_required": {"type": ["number", "null"], "minimum": 0}, "pause_until": {"type": ["string", "null"]},
    "schedule": {"type": ["object", "null"]}, "filters": {"type": ["object", "null"]}}';
  c_buyer constant jsonb := '{"buyer_id": {"type": "integer"},
    "service_areas": {"type": "array", "minItems": 1, "items": {"type": "string"}}}';
  v_schema constant jsonb := jsonb_build_object('type', 'object', 'additionalProperties', false, 'properties', jsonb_build_object(
    'validation', '{"type": "object"}'::jsonb, 'routing', '{"type": "object"}'::jsonb, 'pricing', '{"type": "object"}'::jsonb,
    'default_price_per_lead', '{"type": "number", "minimum": 0.01, "maximum": 1000000, "decimals": 2}'::jsonb,
    'without', '{"type": "array", "minItems": 1, "uniqueItems": true, "items": {"type": "integer"}}'::jsonb,
    'enrollments', jsonb_build_object('type', 'object',
      'additionalProperties', jsonb_build_object('type', 'object', 'additionalProperties', false, 'properties', c_fields)),
    'with', jsonb_build_object('type', 'array', 'minItems', 1, 'items', jsonb_build_object('type', 'object', 'additionalProperties', false,
      'required', '["buyer_id"]'::jsonb, 'properties', c_fields || c_buyer))));
  v_rehearsal rehearsal.rehearsal;
  v_offer leadgen.offers;
  v_unknown text;
begin
  perform catalog.check_schema(p_changes, v_schema, 'changes');
  select o.* into v_offer from leadgen.offers o where o.id = p_offer_id;
  if not found then
    perform kernel.refuse('LG404', format('No offer %s', p_offer_id), 'offer_id');
  end if;
  select e.id into v_unknown
  from (select 'changes.enrollments.' || k from jsonb_object_keys(p_changes -> 'enrollments') k
    where not exists (select from leadgen.buyer_offers bo where bo.offer_id = p_offer_id and bo.id::text = k)
    union all
    select 'changes.without: buyer ' || b from jsonb_array_elements_text(p_changes -> 'without') b
    where not exists (select from leadgen.buyer_offers bo where bo.offer_id = p_offer_id and bo.buyer_id::text = b)) e (id)
  limit 1;
  if found then
    perform kernel.refuse_value(v_unknown, 'not enrolled in the offer', (
      select string_agg(format('%s (buyer %s)', bo.id, bo.buyer_id), ', ' order by bo.id)
      from leadgen.buyer_offers bo where bo.offer_id = p_offer_id));
  end if;
  perform rehearsal.check_changed_policies(v_offer, p_changes);

  select m.id, m.country_code, m.timezone, m.currency
  into v_rehearsal.market_id, v_rehearsal.country_code, v_rehearsal.timezone, v_rehearsal.currency
  from leadgen.markets m where m.id = v_offer.market_id;
  v_rehearsal.offer_id := p_offer_id;
  v_rehearsal.validation := p_changes -> 'validation';
  v_rehearsal.routing := p_changes -> 'routing';
  v_rehearsal.pricing := p_changes -> 'pricing';
  v_rehearsal.reprices := p_changes ? 'pricing';
  v_rehearsal.seats := rehearsal.seat_enrollments(v_offer, v_rehearsal.timezone, p_changes);
  v_rehearsal := rehearsal.seat_newcomers(v_rehearsal, v_offer, p_changes);
  return v_rehearsal;
end;
$$;
comment on function rehearsal.read_changes(bigint, jsonb) is
  'The changes of a what-if, checked and compiled; LG423 names the path, what was found and what is allowed.';

create or replace function rehearsal.check_changed_policies(p_offer leadgen.offers, p_changes jsonb)
returns void
language plpgsql
stable
as $$
-- Against the bodies of today; a lead judged by an older version is rehearsed on that version with the same keys changed.
declare
  v_path text;
begin
  select c.kind || '.' || c.key into v_path
  from (values ('validation', 'duplicate_window_hours'), ('validation', 'duplicate_match'), ('validation', 'duplicate_match_mode'),
    ('validation', 'duplicate_scope'), ('validation', 'max_per_ip_per_hour'), ('validation', 'max_per_phone_per_day'),
    ('validation', 'mx_lookup_enabled'), ('routing', 'contact_window_days')) c (kind, key)
  where p_changes -> c.kind ? c.key
  limit 1;
  if found then
    perform kernel.refuse_value('changes.' || v_path, p_changes #>> string_to_array(v_path, '.'),
      'a key that looks up no other leads: a what-if judges a lead by what was found when it came');
  end if;
  if p_changes ? 'validation' then
    perform catalog.check_policy('validation', rehearsal.lay_over(
      (select p.rules from leadgen.validation_policies p where p.id = p_offer.validation_policy_id), p_changes -> 'validation'));
  end if;
  if p_changes ? 'routing' then
    perform catalog.check_policy('routing', rehearsal.lay_over(
      (select p.config from leadgen.routing_policies p where p.id = p_offer.routing_policy_id), p_changes -> 'routing'));
  end if;
  if p_changes ? 'pricing' then
    perform catalog.check_policy('pricing', rehearsal.lay_over(
      coalesce((select p.rules from leadgen.pricing_policies p where p.id = p_offer.pricing_policy_id), '{}'), p_changes -> 'pricing'));
  end if;
end;
$$;
comment on function rehearsal.check_changed_policies(leadgen.offers, jsonb) is
  'Checks the policies of a what-if as a write to their rows would.';

create or replace function rehearsal.translate_enrollment(p_fields jsonb, p_default_price numeric, p_path text)
returns jsonb
language plpgsql
stable
as $$
declare
  c_names constant jsonb := '{"is_active": "enrollment_is_active", "routing_priority": "priority", "weight": "weight",
    "capacity_per_hour": "cap_hour", "capacity_per_day": "cap_day", "capacity_per_week": "cap_week", "capacity_per_month": "cap_month",
    "budget_per_day": "budget_day", "budget_per_month": "budget_month", "min_balance_required": "min_balance",
    "pause_until": "pause_until", "price_per_lead": "base_price"}';
  v_changes jsonb;
begin
  select coalesce(jsonb_object_agg(c_names ->> f.key, f.value), '{}') into v_changes from jsonb_each(p_fields) f where c_names ? f.key;
  if p_fields ? 'price_per_lead' and p_fields -> 'price_per_lead' = 'null' then
    v_changes := v_changes || jsonb_build_object('base_price', p_default_price);
  end if;
  if jsonb_typeof(p_fields -> 'schedule') = 'object' then
    perform catalog.check_hours(p_fields -> 'schedule', p_path || '.schedule');
    v_changes := v_changes || jsonb_build_object('schedule', catalog.compile_hours(p_fields -> 'schedule')::text);
  elsif p_fields ? 'schedule' then
    v_changes := v_changes || '{"schedule": null}';
  end if;
  if jsonb_typeof(p_fields -> 'filters') = 'object' then
    perform catalog.check_tests(p_fields -> 'filters', p_path || '.filters');
  elsif p_fields ? 'filters' then
    v_changes := v_changes || '{"filter_fault": null}';
  end if;
  if p_fields ->> 'pause_until' is not null then
    perform ref.read_timestamp(nullif(p_fields ->> 'pause_until', 'infinity'), p_path || '.pause_until');
  end if;
  return nullif(v_changes, '{}');
exception
  when sqlstate 'LG400' then
    perform kernel.refuse_value(p_path || '.pause_until', p_fields ->> 'pause_until', 'a time with a zone, 2026-11-21T10:15:00Z, or infinity');
    return null;
end;
$$;
comment on function rehearsal.translate_enrollment(jsonb, numeric, text) is
  'Changed columns of an enrollment as attributes of kernel.candidate; null: none. Its filters are compiled apart.';

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
    when v_code ~ '^[A-Z0-9 -]*\*$' or ref.is_postal_code(v_code, p_country_code) then 'postal_code:' || v_code
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
comment on function rehearsal.lay_over(jsonb, jsonb) is 'A policy''s body with keys replaced; a key whose value is null is taken away.';

create or replace function rehearsal.lay_over_policies(
  p_rehearsal rehearsal.rehearsal,
  p_lead leadgen.leads,
  p_decision leadgen.lead_decisions,
  inout p_laid rehearsal.laid_policies
)
language plpgsql
stable
as $$
-- Compiled once for each version that judged a lead, not once a lead.
declare
  v_body jsonb;
begin
  if p_rehearsal.validation is not null
    and (p_laid.validation_id, p_laid.validation_version) is distinct from (p_lead.validation_policy_id, p_lead.validation_policy_version) then
    p_laid.validation_id := p_lead.validation_policy_id;
    p_laid.validation_version := p_lead.validation_policy_version;
    p_laid.rules := rehearsal.lay_over(
      catalog.find_policy_body('validation', p_laid.validation_id, p_laid.validation_version), p_rehearsal.validation);
    p_laid.compiled_rules := catalog.compile_rules(p_laid.rules);
  end if;
  if p_rehearsal.routing is not null
    and (p_laid.routing_id, p_laid.routing_version) is distinct from (p_decision.routing_policy_id, p_decision.routing_policy_version) then
    p_laid.routing_id := p_decision.routing_policy_id;
    p_laid.routing_version := p_decision.routing_policy_version;
    v_body := catalog.find_policy_body('routing', p_laid.routing_id, p_laid.routing_version);
    p_laid.first_max_buyers := (catalog.read_routing_config(v_body)).max_buyers;
    p_laid.settings := catalog.read_routing_config(rehearsal.lay_over(v_body, p_rehearsal.routing));
  end if;
  if p_rehearsal.reprices and (p_laid.pricing_is_read is not true
    or (p_laid.pricing_id, p_laid.pricing_version) is distinct from (p_decision.pricing_policy_id, p_decision.pricing_policy_version)) then
    p_laid.pricing_is_read := true;
    p_laid.pricing_id := p_decision.pricing_policy_id;
    p_laid.pricing_version := p_decision.pricing_policy_version;
    p_laid.pricing := catalog.compile_pricing(rehearsal.lay_over(
      coalesce(catalog.find_policy_body('pricing', p_laid.pricing_id, p_laid.pricing_version), '{}'), p_rehearsal.pricing));
  end if;
end;
$$;
comment on function rehearsal.lay_over_policies(rehearsal.rehearsal, leadgen.leads, leadgen.lead_decisions, rehearsal.laid_policies) is
  'The policies that judged a lead with a rehearsal''s keys laid over them, compiled; as they were when the versions are the same.';

create or replace function rehearsal.name_policies(p_lead leadgen.leads)
returns leadgen.lead_decisions
language plpgsql
stable
as $$
declare
  v_route constant catalog.route := catalog.load_route(p_lead.source_id, p_lead.offer_id);
  v_decision leadgen.lead_decisions;
begin
  v_decision.routing_policy_id := v_route.routing_policy_id;
  v_decision.routing_policy_version := v_route.routing_policy_version;
  v_decision.pricing_policy_id := v_route.pricing_policy_id;
  v_decision.pricing_policy_version := v_route.pricing_policy_version;
  return v_decision;
end;
$$;
comment on function rehearsal.name_policies(leadgen.leads) is
  'The policies that would route and price a lead now, for one that history never routed.';
