-- Offers on pages: the list, with what is configured and cannot work; and one with policies, sources, caps and buyers.

create or replace function console.list_offers()
returns jsonb
language sql
stable
as $$
  select jsonb_build_object(
    'faults', console.list_faults(),
    'rows', (
      select coalesce(jsonb_agg(to_jsonb(r) order by r.is_active desc, r.name collate "C", r.id), '[]')
      from (
        select o.id, o.name, o.slug, o.is_active, m.name as market, m.currency, v.name as vertical,
          o.default_price_per_lead as price,
          (select count(*) from leadgen.sources s where s.offer_id = o.id and s.is_active) as sources,
          (select count(*) from leadgen.buyer_offers e where e.offer_id = o.id and e.is_active) as buyers
        from leadgen.offers o
        join leadgen.markets m on m.id = o.market_id
        join leadgen.verticals v on v.id = o.vertical_id
        order by o.is_active desc, o.name collate "C", o.id
        limit 500
      ) r));
$$;
comment on function console.list_offers() is
  'Offers by name, those in use first, 500 at most; and all that is configured and cannot work.';

create or replace function console.describe_offer(p_id bigint, p_now timestamptz)
returns jsonb
language plpgsql
stable
as $$
declare
  v_offer leadgen.offers;
begin
  select o.* into v_offer from leadgen.offers o where o.id = p_id;
  if not found then
    perform kernel.refuse('LG404', 'There is no such offer', 'id', coalesce(p_id::text, 'nothing'),
      'the id of an offer');
  end if;
  return jsonb_build_object(
    'offer', (
      select jsonb_build_object('id', v_offer.id, 'name', v_offer.name, 'slug', v_offer.slug,
        'is_active', v_offer.is_active, 'market', m.name, 'timezone', m.timezone, 'currency', m.currency,
        'vertical', v.name, 'price', v_offer.default_price_per_lead, 'invoice_threshold', v_offer.invoice_threshold)
      from leadgen.markets m, leadgen.verticals v
      where m.id = v_offer.market_id and v.id = v_offer.vertical_id),
    'policies', (
      select jsonb_agg(jsonb_build_object('kind', p.kind, 'id', p.id, 'name', p.name, 'version', p.version,
        'is_active', p.is_active) order by array_position('{validation,routing,pricing}', p.kind))
      from console.list_all_policies() p
      where (p.kind, p.id) in (('validation', v_offer.validation_policy_id), ('routing', v_offer.routing_policy_id),
        ('pricing', v_offer.pricing_policy_id))),
    'sources', (
      select coalesce(jsonb_agg(jsonb_build_object('id', s.id, 'name', s.name, 'source_key', s.source_key,
        'kind', s.kind, 'is_active', s.is_active) order by s.name collate "C", s.id), '[]')
      from leadgen.sources s where s.offer_id = p_id),
    'faults', console.list_faults(array(
      select format('offer %s', p_id)
      union all
      select format('source %s', s.id) from leadgen.sources s where s.offer_id = p_id
      union all
      select format('enrollment %s', e.id) from leadgen.buyer_offers e where e.offer_id = p_id
      union all
      select format('exclusivity %s', x.id) from leadgen.offer_exclusivities x where x.offer_id = p_id)))
    || console.rank_buyers(v_offer, p_now);
end;
$$;
comment on function console.describe_offer(bigint, timestamptz) is
  'An offer with its policies, sources, caps as they are now, buyers in their turn, and what of it cannot work. LG404 '
  'for none.';

create or replace function console.rank_buyers(p_offer leadgen.offers, p_now timestamptz)
returns jsonb
language plpgsql
stable
as $$
-- As the strategy would rank all of them now, adjusted prices and tie-breakers aside: the decision on a lead has these.
declare
  v_settings kernel.routing_settings;
  v_limits record;
  v_of record;
  v_strategy text;
begin
  select (p.compiled_config).* into v_settings from leadgen.routing_policies p where p.id = p_offer.routing_policy_id;
  v_strategy := v_settings.strategy[1];
  select l.* into v_limits from catalog.list_offer_limits(v_settings) l;
  select u.starts, u.sales, u.money, m.timezone into v_of
  from leadgen.markets m left join leadgen.offer_usage u on u.offer_id = p_offer.id where m.id = p_offer.market_id;
  return jsonb_build_object(
    'strategy', v_strategy,
    'strategy_words', (select s.description from leadgen.strategies s where s.name = v_strategy),
    'limits', console.list_limits(v_limits.codes, v_limits.windows, v_limits.is_money, v_limits.caps, v_of.starts,
      v_of.sales, v_of.money, v_of.timezone, p_now),
    'buyers', (
      select coalesce(jsonb_agg(r.described order by r.described ->> 'state' = 'active' desc,
        case v_strategy
          when 'priority' then -(r.described ->> 'priority')::numeric
          when 'highest_price' then -(r.described ->> 'price')::numeric
          when 'weighted' then r.finish_tag::numeric
          when 'round_robin' then coalesce((r.described ->> 'last_turn')::numeric, -1)
          else (
            select max((l ->> 'used')::numeric / nullif((l ->> 'cap')::numeric, 0))
            from jsonb_array_elements(r.described -> 'limits') l) end nulls first,
        r.id), '[]')
      from (
        select e.id, u.finish_tag, console.describe_enrollment(e, p_now) as described
        from leadgen.buyer_offers e
        left join leadgen.enrollment_usage u on u.buyer_offer_id = e.id
        where e.offer_id = p_offer.id
        order by e.is_active desc, e.id
        limit 500
      ) r));
end;
$$;
comment on function console.rank_buyers(leadgen.offers, timestamptz) is
  'The buyers of an offer, those that get leads first and of them as its strategy ranks them; its strategy in words; '
  'its own caps as they are now. 500 at most.';
