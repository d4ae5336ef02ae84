create or replace function leadgen.read_changes(p_offer_id bigint, p_changes jsonb)
returns leadgen.rehearsal
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
  v_rehearsal leadgen.rehearsal;
  v_offer leadgen.offers;
  v_unknown text;
begin
  perform leadgen.check_schema(p_changes, v_schema, 'changes');
  select o.* into v_offer from leadgen.offers o where o.id = p_offer_id;
  if not found then
    perform leadgen.refuse('LG404', format('No offer %s', p_offer_id), 'offer_id');
  end if;
  select e.id into v_unknown
  from (select 'changes.enrollments.' || k from jsonb_object_keys(p_changes -> 'enrollments') k
    where not exists (select from leadgen.buyer_offers bo where bo.offer_id = p_offer_id and bo.id::text = k)
    union all
    select 'changes.without: buyer ' || b from jsonb_array_elements_text(p_changes -> 'without') b
    where not exists (select from leadgen.buyer_offers bo where bo.offer_id = p_offer_id and bo.buyer_id::text = b)) e (id)
  limit 1;
  if found then
    perform leadgen.refuse_value(v_unknown, 'not enrolled in the offer', (
      select string_agg(format('%s (buyer %s)', bo.id, bo.buyer_id), ', ' order by bo.id)
      from leadgen.buyer_offers bo where bo.offer_id = p_offer_id));
  end if;
  perform leadgen.check_changed_policies(v_offer, p_changes);

  select m.id, m.country_code, m.timezone, m.currency
  into v_rehearsal.market_id, v_rehearsal.country_code, v_rehearsal.timezone, v_rehearsal.currency
  from leadgen.markets m where m.id = v_offer.market_id;
  v_rehearsal.offer_id := p_offer_id;
  v_rehearsal.validation := p_changes -> 'validation';
  v_rehearsal.routing := p_changes -> 'routing';
  v_rehearsal.pricing := p_changes -> 'pricing';
  v_rehearsal.reprices := p_changes ? 'pricing';
  v_rehearsal.seats := leadgen.seat_enrollments(v_offer, v_rehearsal.timezone, p_changes);
  v_rehearsal := leadgen.seat_newcomers(v_rehearsal, v_offer, p_changes);
  return v_rehearsal;
end;
$$;
comment on function leadgen.read_changes(bigint, jsonb) is
  'The changes of a what-if, checked and compiled; LG423 names the path, what was found and what is allowed.';
