-- Road: somebody asks whether the latest bookings and leads are right, without reading all of them.

create or replace function roads.diagnose_books()
returns table (subject text, verdict text, finding text, remedy text)
language plpgsql
stable
as $$
-- The latest thousands: what goes wrong today is seen today. All of it is the work of leadgen verify, by night.
declare
  v_last record;
  v_first_lead bigint;
begin
  select * into v_last from billing.find_last_ids();
  return query
  select
    'money', case when count(*) = 0 then 'ok' else 'fail' end,
    case when count(*) = 0 then 'the last 2000 bookings and sales are what they should be'
      else format('broken rules: %s; the first: %s: %s', count(*), min(b.rule), min(b.detail)) end,
    case when count(*) > 0 then 'leadgen verify money names each; stop payouts and invoices until it is explained' end
  from (
    select t.rule, t.detail
    from billing.list_broken_transactions(coalesce(v_last.transactions, 0) - 2000, coalesce(v_last.transactions, 0)) t
    union all
    select s.rule, s.detail
    from billing.list_broken_bookings(coalesce(v_last.sales, 0) - 2000, coalesce(v_last.sales, 0)) s
  ) b;
  select coalesce(max(l.id), 0) - 200 into v_first_lead from leadgen.leads l;
  return query
  select
    'decisions', case when r.faults = '[]' then 'ok' else 'fail' end,
    case when r.faults = '[]' then format('the last %s leads come out of their records again', coalesce(r.checked, 0))
      else format('leads that do not replay: %s, the first: %s', jsonb_array_length(r.faults),
        r.faults -> 0 ->> 'lead_id') end,
    case when r.faults <> '[]' then format('leadgen replay %s shows what differs', r.faults -> 0 ->> 'lead_id') end
  from (
    select v.checked, coalesce(v.faults, '[]') as faults from roads.verify_leads(v_first_lead, 200, '{}') v
  ) r;
end;
$$;
comment on function roads.diagnose_books() is 'The work of leadgen.diagnose_books.';

create or replace function roads.list_zones()
returns table (timezone text, at timestamptz, offset_minutes integer)
language sql
stable
as $$
  select
    z.timezone, t.at,
    (extract(epoch from (t.at at time zone z.timezone) - (t.at at time zone 'UTC')) / 60)::integer
  from (
    select m.timezone::text as timezone from leadgen.markets m
    union
    select bo.timezone::text from leadgen.buyer_offers bo where bo.timezone is not null
  ) z
  cross join lateral (
    select date_trunc('month', now(), 'UTC') + month.number * interval '1 month' as at
    from generate_series(0, 11) as month (number)
  ) t
  order by z.timezone, t.at;
$$;
comment on function roads.list_zones() is 'The work of leadgen.list_zones.';
