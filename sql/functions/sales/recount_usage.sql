create or replace function leadgen.recount_usage(p_buyer_offer_id bigint)
returns void
language plpgsql
volatile
as $$
-- Takes the offer's turn: no lead is routed between the count and the commit of the change that made it necessary.
declare
  v_now timestamptz;
  v_offer_id bigint;
  v_timezone text;
begin
  select o.id, coalesce(bo.timezone, m.timezone) into v_offer_id, v_timezone
  from leadgen.buyer_offers bo
  join leadgen.offers o on o.id = bo.offer_id
  join leadgen.markets m on m.id = o.market_id
  where bo.id = p_buyer_offer_id;

  perform pg_advisory_xact_lock(2, leadgen.offer_lock_key(v_offer_id));
  v_now := leadgen.clock();
  update leadgen.enrollment_usage u
  set
    hour_start = window_start.hour, hour_count = sold.hour,
    day_start = window_start.day, day_count = sold.day,
    week_start = window_start.week, week_count = sold.week,
    month_start = window_start.month, month_count = sold.month
  from (
    select
      date_trunc('hour', v_now, v_timezone) as hour, date_trunc('day', v_now, v_timezone) as day,
      date_trunc('week', v_now, v_timezone) as week, date_trunc('month', v_now, v_timezone) as month
  ) window_start
  cross join lateral (
    select
      count(*) filter (where a.created_at >= window_start.hour) as hour,
      count(*) filter (where a.created_at >= window_start.day) as day,
      count(*) filter (where a.created_at >= window_start.week) as week,
      count(*) filter (where a.created_at >= window_start.month) as month
    from leadgen.lead_assignments a
    where a.offer_id = v_offer_id and a.buyer_offer_id = p_buyer_offer_id
      and a.created_at >= least(window_start.week, window_start.month)
  ) sold
  where u.buyer_offer_id = p_buyer_offer_id;
end;
$$;
comment on function leadgen.recount_usage(bigint) is
  'Counts an enrollment''s sales anew, in the windows of its zone as it is now; for a change of zone, which moves every window.';
