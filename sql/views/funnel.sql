create or replace view report.funnel as
select
  r.market_day,
  r.market,
  r.vertical,
  r.offer,
  r.currency,
  count(*) as received,
  count(*) filter (where r.validation_reason is null) as valid,
  count(*) filter (where s.sales > 0) as sold,
  count(*) filter (where r.delivered_at is not null) as delivered,
  count(*) filter (where r.unsold_reason is not null and r.hold_until is not null) as held,
  coalesce(sum(s.revenue), 0) as revenue
from report.leads r
left join lateral (
  select count(*) as sales, sum(a.price) as revenue
  from leadgen.lead_assignments a
  where a.lead_id = r.lead_id and a.released_at is null
) s on true
group by r.market_day, r.market, r.vertical, r.offer, r.currency;
comment on view report.funnel is 'Leads by day and offer: received, valid, sold, delivered, held, and the revenue of the sales that stand.';
