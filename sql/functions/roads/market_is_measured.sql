-- Road: the market is measured, for Prometheus. A worker asks every 30 seconds: each number is a few probes by index,
-- or a table of configuration.

create or replace function roads.measure_market()
returns table (name text, label text, value double precision)
language plpgsql
stable
as $$
begin
  return query select * from roads.measure_leads(leadgen.clock());
  return query
  select 'limits', case when l.is_full then 'reached' else 'near' end, count(*)::double precision
  from market.list_used_limits(leadgen.clock()) l
  group by l.is_full;
  return query select * from outbox.measure_endpoints(leadgen.clock());
  return query select * from billing.measure_money(leadgen.clock());
end;
$$;
comment on function roads.measure_market() is 'The work of leadgen.measure_market.';

create or replace function roads.measure_leads(p_now timestamptz)
returns table (name text, label text, value double precision)
language plpgsql
stable
as $$
begin
  return query
  select 'recent_leads', o.outcome, count(*)::double precision
  from leadgen.markets m
  join leadgen.leads l on l.market_id = m.id and l.created_at >= p_now - interval '10 minutes'
  cross join lateral (
    select case
      when l.validation_reason is not null then 'rejected'
      when l.price is not null then 'sold'
      when l.hold_until is not null then 'held'
      else 'unsold' end as outcome
  ) o
  group by o.outcome;
  return query
  select 'waiting_leads', 'held', count(*)::double precision from leadgen.leads l where l.hold_until is not null
  union all
  select 'waiting_leads', 'quarantined', count(*)::double precision
  from leadgen.intake_quarantine q where q.resubmitted_at is null;
end;
$$;
comment on function roads.measure_leads(timestamptz) is
  'Leads of the last ten minutes by what became of them, and what waits: held leads, submissions in quarantine.';
