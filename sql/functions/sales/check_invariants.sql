create or replace function leadgen.check_invariants()
returns table (rule text, detail text)
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
-- What must hold over the whole database at every moment. Each query looks for the contrary.
begin
  return query
  select 'cap_never_exceeded', format('lead %s, enrollment %s: %s %s of %s', d.lead_id, c.buyer_offer_id, w.unit, w.used, w.cap)
  from leadgen.lead_decisions d
  cross join lateral unnest(d.winners) as winner (position)
  cross join lateral (select (d.candidates[winner.position]).*) c
  cross join lateral (values
    ('hour', c.used_hour, c.cap_hour), ('day', c.used_day, c.cap_day),
    ('week', c.used_week, c.cap_week), ('month', c.used_month, c.cap_month)) as w (unit, used, cap)
  where w.used >= w.cap;

  -- Within a window each sale counts one more than the sale before, and the first counts none, unless the enrollment's
  -- zone was changed: then the count went on from a window of the other zone.
  return query
  select 'usage_counts_sales', format('lead %s, enrollment %s: %s says %s sold before, the sales say %s',
    sale.lead_id, sale.buyer_offer_id, w.unit, w.used, w.counted)
  from (
    select
      a.lead_id, a.buyer_offer_id, c.used_hour, c.used_day, c.used_week, c.used_month,
      min(c.timezone) over enrollment = max(c.timezone) over enrollment as zone_is_constant,
      row_number() over (partition by a.buyer_offer_id, date_trunc('hour', d.decided_at, c.timezone) order by a.id) - 1 as sold_hour,
      row_number() over (partition by a.buyer_offer_id, date_trunc('day', d.decided_at, c.timezone) order by a.id) - 1 as sold_day,
      row_number() over (partition by a.buyer_offer_id, date_trunc('week', d.decided_at, c.timezone) order by a.id) - 1 as sold_week,
      row_number() over (partition by a.buyer_offer_id, date_trunc('month', d.decided_at, c.timezone) order by a.id) - 1 as sold_month
    from leadgen.lead_assignments a
    join leadgen.lead_decisions d on d.id = a.decision_id and d.market_id = a.market_id
    cross join lateral unnest(d.candidates) c
    where c.buyer_offer_id = a.buyer_offer_id
    window enrollment as (partition by a.buyer_offer_id)
  ) sale
  cross join lateral (values
    ('hour', sale.used_hour, sale.sold_hour), ('day', sale.used_day, sale.sold_day),
    ('week', sale.used_week, sale.sold_week), ('month', sale.used_month, sale.sold_month)) as w (unit, used, counted)
  where w.used < w.counted or (sale.zone_is_constant and w.used <> w.counted);

  return query
  select 'usage_row_is_true', format('enrollment %s: %s count is %s, the sales since %s are %s',
    u.buyer_offer_id, w.unit, w.used, w.since, sold.n)
  from leadgen.enrollment_usage u
  cross join lateral (values
    ('hour', u.hour_count, u.hour_start), ('day', u.day_count, u.day_start),
    ('week', u.week_count, u.week_start), ('month', u.month_count, u.month_start)) as w (unit, used, since)
  cross join lateral (
    select count(*) as n from leadgen.lead_assignments a
    where a.offer_id = u.offer_id and a.buyer_offer_id = u.buyer_offer_id and a.created_at >= w.since
  ) sold
  where w.used <> sold.n;

  return query
  select 'at_most_max_buyers', format('lead %s: %s sales, at most %s', d.lead_id, count(a.id), (d.settings).max_buyers)
  from leadgen.lead_decisions d
  join leadgen.lead_assignments a on a.decision_id = d.id and a.market_id = d.market_id
  group by d.id, d.lead_id, d.settings
  having count(a.id) > (d.settings).max_buyers;

  return query
  select 'decision_replays', format('lead %s, attempt %s: the record gives another verdict', d.lead_id, d.attempt)
  from leadgen.lead_decisions d
  cross join lateral leadgen.reach_verdict(d.candidates, d.settings, d.exclusivity, d.decided_at) v
  where (v.reasons, v.ranking, v.exclusive_buyer_id) is distinct from (d.reasons, d.ranking, d.exclusive_buyer_id);

  return query
  select 'winners_are_sales', format('lead %s, attempt %s', d.lead_id, d.attempt)
  from leadgen.lead_decisions d
  where array(select (d.candidates[w]).buyer_offer_id from unnest(d.winners) w order by 1)
    <> array(select a.buyer_offer_id from leadgen.lead_assignments a where a.decision_id = d.id and a.market_id = d.market_id order by 1);

  return query
  select 'price_recomputes', format('lead %s, buyer %s: sold for %s, recomputed %s', a.lead_id, a.buyer_id, a.price, p.amount)
  from leadgen.lead_assignments a
  join leadgen.lead_decisions d on d.id = a.decision_id and d.market_id = a.market_id
  left join leadgen.policy_versions pv
    on pv.kind = 'pricing' and pv.policy_id = a.pricing_policy_id and pv.version = a.pricing_policy_version
  cross join lateral unnest(d.candidates) c
  cross join lateral leadgen.price_sale(c.base_price, a.currency, a.is_exclusive, pv.body) p
  where c.buyer_offer_id = a.buyer_offer_id and (a.price, a.price_steps) is distinct from (p.amount::numeric(10,2), p.steps);

  return query
  select 'sale_has_deliveries', format('assignment %s of lead %s', a.id, a.lead_id)
  from leadgen.lead_assignments a
  where not exists (select from leadgen.deliveries d where d.assignment_id = a.id and d.market_id = a.market_id);

  return query
  select 'lead_shows_first_sale', format('lead %s: buyer %s at %s, first sale to %s at %s', l.id, l.buyer_id, l.price, a.buyer_id, a.price)
  from leadgen.leads l
  left join lateral (
    select s.buyer_id, s.price from leadgen.lead_assignments s where s.lead_id = l.id and s.market_id = l.market_id order by s.id limit 1
  ) a on true
  where (l.buyer_id, l.price) is distinct from (a.buyer_id, a.price);

  return query
  select 'valid_lead_is_sold_or_explained', format('lead %s', l.id)
  from leadgen.leads l
  where l.status <> 'received'
    and ((l.validation_reason is not null) <> (l.status = 'rejected' and l.rejection_reason is null)
      or (l.validation_reason is null and (l.buyer_id is null) <> (l.unsold_reason is not null))
      or (l.validation_reason is null) <> exists (
        select from leadgen.lead_decisions d where d.lead_id = l.id and d.market_id = l.market_id));

  return query
  select 'attempts_are_logged', format('delivery %s: %s logged', d.id, count(a.id))
  from leadgen.deliveries d
  left join leadgen.delivery_attempts a on a.delivery_id = d.id and a.market_id = d.market_id
  where d.status in ('delivered', 'unknown', 'dead')
  group by d.id, d.status
  having count(a.id) = 0 or (d.status = 'delivered') <> bool_or(a.outcome = 'delivered');
end;
$$;
comment on function leadgen.check_invariants() is
  'Looks over the whole database for what must never be; no rows: all is well. Reads every lead.';
