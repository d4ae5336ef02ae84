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
    hour_start = sold.hour_start, hour_count = sold.hour_count,
    day_start = sold.day_start, day_count = sold.day_count, day_spent = sold.day_spent,
    week_start = sold.week_start, week_count = sold.week_count,
    month_start = sold.month_start, month_count = sold.month_count, month_spent = sold.month_spent
  from leadgen.count_standing_sales(v_offer_id, p_buyer_offer_id, v_now, v_timezone, 'infinity') sold
  where u.buyer_offer_id = p_buyer_offer_id;
end;
$$;
comment on function leadgen.recount_usage(bigint) is
  'Counts an enrollment''s sales that stand, and what they cost, anew in the windows of its zone as it is now; for a change of zone, which moves every window.';
