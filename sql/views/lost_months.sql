create or replace view report.lost_months as
with marked as materialized (
  select k.* from report.marked_days k
),
changed as materialized (
  select distinct k.offer_id, k.market_id, k.zone, date_trunc('month', k.day::timestamp)::date as came_month
  from marked k
),
open as materialized (
  select z.market_id, z.zone, z.part_to, date_trunc('month', z.kept_to::timestamp)::date as came_month
  from report.zones z
)
select
  d.came_month,
  d.market_id,
  d.zone,
  d.offer_id,
  d.reason,
  d.buyer_id,
  d.places,
  d.money
from open o
join leadgen.report_unsold_months d on d.market_id = o.market_id and d.zone = o.zone and d.came_month < o.came_month
where not exists (select from changed c where c.offer_id = d.offer_id and c.came_month = d.came_month)
union all
select
  date_trunc('month', d.came_day::timestamp)::date as came_month,
  d.market_id,
  d.zone,
  d.offer_id,
  d.reason,
  d.buyer_id,
  d.places,
  d.money
from open o
join leadgen.report_reason_days d on d.market_id = o.market_id and d.zone = o.zone and d.kind = 'unsold'
  and d.came_day >= o.came_month and d.came_day < o.part_to
where not exists (select from marked k where k.offer_id = d.offer_id and k.day = d.came_day)
union all
select
  c.came_month,
  d.market_id,
  d.zone,
  d.offer_id,
  d.reason,
  d.buyer_id,
  d.places,
  d.money
from changed c
join open o on o.market_id = c.market_id and c.came_month < o.came_month
join leadgen.report_reason_days d on d.market_id = c.market_id and d.zone = c.zone and d.kind = 'unsold' and d.offer_id = c.offer_id
  and d.came_day >= c.came_month and d.came_day < c.came_month + interval '1 month'
where not exists (select from marked k where k.offer_id = d.offer_id and k.day = d.came_day)
union all
select
  date_trunc('month', n.came_day::timestamp)::date as came_month,
  n.market_id,
  n.zone,
  n.offer_id,
  n.reason,
  n.buyer_id,
  n.places,
  n.money
from report.lost_now n
where n.kind = 'unsold';
comment on view report.lost_months is
  'Places that nobody took by the month in which their leads came, offer, reason and the buyer that came nearest: of kept months, of the kept days of those that are open or marked, and of the leads themselves. A month may have several rows.';
