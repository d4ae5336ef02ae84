-- Counters of enrollments and offers, and how they are counted anew.

create or replace function market.start_usage()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  insert into leadgen.enrollment_usage (buyer_offer_id, market_id, offer_id)
  select new.id, o.market_id, o.id from leadgen.offers o where o.id = new.offer_id;
  return null;
end;
$$;
comment on function market.start_usage() is
  'Trigger: every enrollment has its row of usage, so that taking capacity is one update.';

create or replace function market.start_offer_usage()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  insert into leadgen.offer_usage (offer_id, market_id) values (new.id, new.market_id);
  return null;
end;
$$;
comment on function market.start_offer_usage() is
  'Trigger: every offer has its row of usage, so that counting its sales is one update.';

create or replace function market.keep_enrollment()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
-- Under the offer's lock: a lead that is being sold to it while it is deleted is seen.
begin
  perform market.lock_offers(array[old.offer_id]);
  if exists (select from leadgen.enrollment_usage u where u.buyer_offer_id = old.id and u.last_turn is not null) then
    perform kernel.refuse('LG409', 'An enrollment that took leads cannot be deleted', 'buyer_offer_id',
      'an enrollment with sales', 'one without', 'End it: is_active false. Its sales count towards its caps.');
  end if;
  perform catalog.check_owns_nothing(old);
  return old;
end;
$$;
comment on function market.keep_enrollment() is
  'Trigger: an enrollment that took leads stays, so that a new one in its place cannot take the same caps again; so '
  'does one whose buyer has an exclusivity in the offer.';

create or replace function market.recount_usage(p_buyer_offer_id bigint)
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

  perform pg_advisory_xact_lock(2, market.offer_lock_key(v_offer_id));
  v_now := leadgen.clock();
  update leadgen.enrollment_usage u
  set starts = sold.starts, sales = sold.sales, money = sold.money
  from market.count_standing_sales(v_offer_id, p_buyer_offer_id, v_now, v_timezone, 'infinity') sold
  where u.buyer_offer_id = p_buyer_offer_id;
end;
$$;
comment on function market.recount_usage(bigint) is
  'Counts an enrollment''s sales that stand, and what they cost, anew in the windows of its zone as it is now; for a '
  'change of zone, which moves every window.';

create or replace function market.recount_offer_usage(p_offer_id bigint, p_timezone text)
returns void
language plpgsql
volatile
as $$
-- Takes the offer's turn, like recount_usage.
declare
  v_now timestamptz;
begin
  perform pg_advisory_xact_lock(2, market.offer_lock_key(p_offer_id));
  v_now := leadgen.clock();
  update leadgen.offer_usage u
  set starts = sold.starts, sales = sold.sales, money = sold.money
  from market.count_standing_sales(p_offer_id, null, v_now, p_timezone, 'infinity') sold
  where u.offer_id = p_offer_id;
end;
$$;
comment on function market.recount_offer_usage(bigint, text) is
  'Counts the sales of an offer as a whole that stand anew, in the windows '
  'of a zone; for a change of its market''s zone.';

create or replace function market.count_standing_sales(
  p_offer_id bigint,
  p_buyer_offer_id bigint,
  p_now timestamptz,
  p_timezone text,
  p_until timestamptz,
  out starts timestamptz[],
  out sales integer[],
  out money numeric[]
)
language plpgsql
stable
as $$
-- Windows are compared, not times: where midnight comes twice, a day of the window's name begins before its start. An
-- hour that comes twice is two.
begin
  starts := kernel.start_windows(p_now, p_timezone);
  select array_agg(w.n order by w.place), array_agg(w.paid order by w.place) into sales, money
  from (
    select s.place, count(a.id)::integer as n, coalesce(sum(a.price), 0) as paid
    from unnest(kernel.list_windows(), starts) with ordinality as s (span, since, place)
    left join (
      select a.id, a.created_at, a.price
      from leadgen.lead_assignments a
      where a.offer_id = p_offer_id and (p_buyer_offer_id is null or a.buyer_offer_id = p_buyer_offer_id)
        and a.created_at >= (select min(t) from unnest(starts) t) - interval '1 hour' and a.created_at < p_until
        and (a.released_at is null or a.released_at >= p_until)
    ) a on date_trunc(s.span, a.created_at, p_timezone) >= s.since
    group by s.place
  ) w;
end;
$$;
comment on function market.count_standing_sales(bigint, bigint, timestamptz, text, timestamptz) is
  'The windows of a zone at a time, and an enrollment''s sales in them (null: the whole offer''s) that were made '
  'before p_until and stood then; infinity: all that stand.';

create or replace function market.give_place_back(p_sale leadgen.lead_assignments, p_now timestamptz)
returns void
language plpgsql
volatile
as $$
-- The caller holds the offer's lock. A window that began after the sale never counted it. The turn is not given back.
-- Held leads that somebody has locked are passed over: their next look is at most an hour away.
declare
  v_market_starts timestamptz[];
  v_starts timestamptz[];
begin
  select
    kernel.start_windows(p_sale.created_at, m.timezone),
    kernel.start_windows(p_sale.created_at, coalesce(bo.timezone, m.timezone))
  into v_market_starts, v_starts
  from leadgen.buyer_offers bo
  join leadgen.offers o on o.id = bo.offer_id
  join leadgen.markets m on m.id = o.market_id
  where bo.id = p_sale.buyer_offer_id;

  update leadgen.offer_usage u
  set (sales, money) = (
    select n.sales, n.money
    from kernel.take_from_windows(u.starts, u.sales, u.money, v_market_starts, 1, p_sale.price) n)
  where u.offer_id = p_sale.offer_id and u.market_id = p_sale.market_id;
  update leadgen.enrollment_usage u
  set (sales, money) = (
    select n.sales, n.money from kernel.take_from_windows(u.starts, u.sales, u.money, v_starts, 1, p_sale.price) n)
  where u.buyer_offer_id = p_sale.buyer_offer_id and u.market_id = p_sale.market_id
    and exists (select from unnest(u.starts, v_starts) as w (counted, sold) where w.sold >= w.counted);
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
comment on function market.give_place_back(leadgen.lead_assignments, timestamptz) is
  'Takes a sale out of the counts and sums of each window of its enrollment and offer that counted it, and has held '
  'leads try for the place.';
