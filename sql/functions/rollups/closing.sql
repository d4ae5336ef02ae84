-- Closing: up to when nothing can be committed any more unmarked, and which zones are kept.

create or replace function rollups.close_hours()
returns void
language plpgsql
volatile
as $$
-- Whoever wrote a row of a closed hour unmarked did so within 50 minutes of its time, so it had its transaction number
-- an hour after that: a lower one than ours. When every transaction with a lower number has ended, nothing of the hour
-- can be committed any more but with a mark. A watermark of the clock alone would lose a slow transaction, and so would
-- the snapshot's xmax: it may be the number of one that runs.
begin
  update leadgen.report_closing c
  set closed_until = c.closing_until, closing_until = null, closing_xid = null
  where c.closing_xid <= pg_snapshot_xmin(pg_current_snapshot());
  update leadgen.report_closing c
  set
    closing_until = clock_timestamp() - interval '1 hour',
    closing_xid = pg_current_xact_id()
  where (c.closing_xid is null and c.closed_until < clock_timestamp() - interval '70 minutes')
    or c.closing_xid > pg_current_xact_id(); -- of another server: this is a restored dump
end;
$$;
comment on function rollups.close_hours() is
  'Closes the hours of which nothing can be committed unmarked any more, and begins to close the next.';

create or replace function rollups.start_zones()
returns void
language plpgsql
volatile
as $$
-- Before the first hour is closed nobody knows which day comes first: -infinity, and no day is kept.
begin
  insert into leadgen.report_zones (market_id, zone, rolled_to)
  select m.id, m.timezone, rollups.find_first_day(m.id, m.timezone)
  from leadgen.markets m
  where not exists (select from leadgen.report_zones z where z.market_id = m.id and z.zone = m.timezone)
    and exists (select from leadgen.leads l where l.market_id = m.id);
  update leadgen.report_zones z
  set rolled_to = rollups.find_first_day(z.market_id, z.zone), rolled_until = null
  where z.rolled_to = '-infinity' and (select isfinite(c.closed_until) from leadgen.report_closing c);
end;
$$;
comment on function rollups.start_zones() is 'Begins to keep the days of each market that has leads, in its own zone.';

create or replace function rollups.find_first_day(p_market_id bigint, p_zone text)
returns date
language plpgsql
stable
as $$
begin
  return least(
    (select (min(l.created_at) at time zone p_zone)::date from leadgen.leads l where l.market_id = p_market_id),
    (select (c.closed_until at time zone p_zone)::date - 1 from leadgen.report_closing c));
end;
$$;
comment on function rollups.find_first_day(bigint, text) is
  'The day with which the days of a market begin; -infinity: no hour is closed yet.';

create or replace function rollups.keep_zone(p_zone text)
returns integer
language plpgsql
volatile
as $$
declare
  v_count integer;
begin
  if kernel.is_timezone(p_zone) is not true then
    perform kernel.refuse('LG400', format('%s is no time zone', left(coalesce(p_zone, 'null'), 64)), 'p_zone',
      left(p_zone, 64), 'UTC or a name of the IANA database, such as Europe/Berlin');
  end if;
  insert into leadgen.report_zones (market_id, zone, rolled_to)
  select m.id, p_zone, rollups.find_first_day(m.id, p_zone)
  from leadgen.markets m
  where exists (select from leadgen.leads l where l.market_id = m.id)
  on conflict do nothing;
  get diagnostics v_count = row_count;
  return v_count;
end;
$$;
comment on function rollups.keep_zone(text) is 'The work of leadgen.keep_report_zone.';

create or replace function rollups.rebuild()
returns void
language plpgsql
volatile
as $$
begin
  perform from leadgen.report_closing c for no key update;
  delete from leadgen.report_lead_days;
  delete from leadgen.report_sale_days;
  delete from leadgen.report_reason_days;
  delete from leadgen.report_judged_days;
  delete from leadgen.report_booking_days;
  delete from leadgen.report_speed_days;
  delete from leadgen.report_sale_periods;
  delete from leadgen.report_unsold_months;
  delete from leadgen.report_lead_hours;
  delete from leadgen.report_sale_hours;
  update leadgen.report_zones z
  set rolled_to = rollups.find_first_day(z.market_id, z.zone), rolled_until = null, hours_from = '-infinity';
end;
$$;
comment on function rollups.rebuild() is 'The work of leadgen.rebuild_reports.';
