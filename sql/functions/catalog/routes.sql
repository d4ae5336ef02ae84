-- A source's offer with its market and the policies in force.

create or replace function catalog.load_route(p_source_id bigint, p_offer_id bigint)
returns catalog.route
language plpgsql
stable
as $$
-- Most sources are not paid: they do not pay for a join either.
declare
  v_route catalog.route;
begin
  select
    case
      when not o.is_active then 'offer'
      when not m.is_active then 'market'
      when not v.is_active then 'vertical'
      when not vp.is_active then 'validation_policy'
      when not rp.is_active then 'routing_policy'
      when not pp.is_active then 'pricing_policy'
      when not s.is_active then 'source'
    end,
    null,
    s.id, coalesce(s.disclose_buyer, s.kind = 'partner_api'),
    o.id, m.id, v.id,
    m.country_code, m.timezone, m.currency, o.default_price_per_lead,
    vp.id, vp.version, vp.rules, vp.compiled_rules,
    rp.id, rp.version, rp.compiled_config,
    pp.id, pp.version, pp.compiled_rules,
    s.payout_policy_id, null, null
  into v_route
  from leadgen.sources s
  join leadgen.offers o on o.id = coalesce(p_offer_id, s.offer_id)
  join leadgen.markets m on m.id = o.market_id
  join leadgen.verticals v on v.id = o.vertical_id
  join leadgen.validation_policies vp on vp.id = o.validation_policy_id
  join leadgen.routing_policies rp on rp.id = o.routing_policy_id
  left join leadgen.pricing_policies pp on pp.id = o.pricing_policy_id
  where s.id = p_source_id;
  if v_route.payout_policy_id is not null then
    v_route := catalog.add_payout(v_route);
  end if;
  if v_route.failed_step is not null then
    v_route.failed_reason := format('the %s is not active', replace(v_route.failed_step, '_', ' '));
  end if;
  return v_route;
end;
$$;
comment on function catalog.load_route(bigint, bigint) is
  'The offer that a source sells into (or the one it sold into, when given) with its market and the policies in '
  'force; failed_step names the one that is not active, the source last.';

create or replace function catalog.add_payout(inout p_route catalog.route)
language plpgsql
stable
as $$
-- What is inactive beside the source is named before it.
declare
  v_policy leadgen.payout_policies;
begin
  select p.* into v_policy from leadgen.payout_policies p where p.id = p_route.payout_policy_id;
  p_route.payout_policy_version := v_policy.version;
  p_route.payout := v_policy.compiled_rules;
  if not v_policy.is_active and coalesce(p_route.failed_step, 'source') = 'source' then
    p_route.failed_step := 'payout_policy';
  end if;
end;
$$;
comment on function catalog.add_payout(catalog.route) is
  'A route with the version and the terms of its payout policy; failed_step payout_policy when that is not active.';
