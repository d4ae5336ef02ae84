create or replace function leadgen.recount_offer_usage(p_offer_id bigint, p_timezone text)
returns void
language plpgsql
volatile
as $$
-- Takes the offer's turn, like recount_usage.
declare
  v_now timestamptz;
begin
  perform pg_advisory_xact_lock(2, leadgen.offer_lock_key(p_offer_id));
  v_now := leadgen.clock();
  update leadgen.offer_usage u
  set
    hour_start = sold.hour_start, hour_count = sold.hour_count,
    day_start = sold.day_start, day_count = sold.day_count, day_spent = sold.day_spent,
    week_start = sold.week_start, week_count = sold.week_count,
    month_start = sold.month_start, month_count = sold.month_count, month_spent = sold.month_spent
  from leadgen.count_standing_sales(p_offer_id, null, v_now, p_timezone, 'infinity') sold
  where u.offer_id = p_offer_id;
end;
$$;
comment on function leadgen.recount_offer_usage(bigint, text) is
  'Counts the sales of an offer as a whole that stand anew, in the windows of a zone; for a change of its market''s zone.';
