create or replace function leadgen.give_place_back(p_sale leadgen.lead_assignments, p_now timestamptz)
returns void
language plpgsql
volatile
as $$
-- The caller holds the offer's lock. A window that began after the sale never counted it. The turn is not given back.
-- Held leads that somebody has locked are passed over: their next look is at most an hour away.
declare
  v_zones record;
  v_offer_sold record;
  v_sold record;
begin
  select m.timezone as market, coalesce(bo.timezone, m.timezone) as enrollment
  into v_zones
  from leadgen.buyer_offers bo
  join leadgen.offers o on o.id = bo.offer_id
  join leadgen.markets m on m.id = o.market_id
  where bo.id = p_sale.buyer_offer_id;
  v_offer_sold := leadgen.start_windows(p_sale.created_at, v_zones.market);
  v_sold := leadgen.start_windows(p_sale.created_at, v_zones.enrollment);

  update leadgen.offer_usage u
  set
    hour_count = u.hour_count - (v_offer_sold.hour >= u.hour_start)::integer,
    day_count = u.day_count - (v_offer_sold.day >= u.day_start)::integer,
    day_spent = u.day_spent - case when v_offer_sold.day >= u.day_start then p_sale.price else 0 end,
    week_count = u.week_count - (v_offer_sold.week >= u.week_start)::integer,
    month_count = u.month_count - (v_offer_sold.month >= u.month_start)::integer,
    month_spent = u.month_spent - case when v_offer_sold.month >= u.month_start then p_sale.price else 0 end
  where u.offer_id = p_sale.offer_id and u.market_id = p_sale.market_id;
  update leadgen.enrollment_usage u
  set
    hour_count = u.hour_count - (v_sold.hour >= u.hour_start)::integer,
    day_count = u.day_count - (v_sold.day >= u.day_start)::integer,
    day_spent = u.day_spent - case when v_sold.day >= u.day_start then p_sale.price else 0 end,
    week_count = u.week_count - (v_sold.week >= u.week_start)::integer,
    month_count = u.month_count - (v_sold.month >= u.month_start)::integer,
    month_spent = u.month_spent - case when v_sold.month >= u.month_start then p_sale.price else 0 end
  where u.buyer_offer_id = p_sale.buyer_offer_id and u.market_id = p_sale.market_id
    and (v_sold.week >= u.week_start or v_sold.month >= u.month_start);
  if found then
    update leadgen.leads l
    set next_route_at = p_now
    where l.id in (
      select h.id
      from leadgen.leads h
      where h.offer_id = p_sale.offer_id and h.hold_until is not null and h.next_route_at > p_now
      order by h.next_route_at
      limit 100
      for no key update skip locked);
  end if;
end;
$$;
comment on function leadgen.give_place_back(leadgen.lead_assignments, timestamptz) is
  'Takes a sale out of the counts and sums of each window of its enrollment and offer that counted it, and has held leads try for the place.';
