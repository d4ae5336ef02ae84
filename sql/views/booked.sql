create or replace view report.booked as
with marked as materialized (
  select k.* from report.marked_days k
)
select
  d.booked_day,
  d.market_id,
  d.zone,
  d.offer_id,
  d.currency,
  d.sales,
  d.revenue,
  d.refunds
from report.zones z
join leadgen.report_booking_days d on d.market_id = z.market_id and d.zone = z.zone and d.booked_day < z.part_to
where not exists (select from marked k where k.offer_id = d.offer_id and k.day = d.booked_day)
union all
select
  b.booked_day,
  b.market_id,
  b.zone,
  b.offer_id,
  b.currency,
  count(*) filter (where b.account = 'revenue') as sales,
  coalesce(-sum(b.amount) filter (where b.account = 'revenue'), 0.00) as revenue,
  coalesce(sum(b.amount) filter (where b.account = 'returns'), 0.00) as refunds
from (
  select b.*
  from report.zones z
  join report.bookings b on b.market_id = z.market_id
    and b.booked_at >= (select report.find_start()) and b.booked_at >= z.read_from and b.booked_day >= z.kept_to
    and (b.booked_day > z.kept_to or b.booked_at >= z.kept_until)
  union all
  select b.*
  from marked k
  cross join lateral (
    select x.*
    from report.bookings x
    where x.offer_id = k.offer_id and x.booked_day = k.day
      and x.booked_at >= k.starts_at - interval '2 hours' and x.booked_at < k.starts_at + interval '26 hours'
        and x.booked_at < k.kept_until
    offset 0 -- noqa: AM09
  ) b
) b
group by b.booked_day, b.market_id, b.zone, b.offer_id, b.currency;
comment on view report.booked is
  'Bookings by the day on which they were made and offer, of kept days and of the ledger itself.';
