-- What follows in the market when the catalogue changes.

create or replace function market.move_windows()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
-- With the change and not after it: a lead between the two would be counted in the windows of the other zone, and a
-- place be given twice. It holds the rows that were written and asks for their offers, so it is called once a statement
-- and takes them all by id: two such statements do not wait for each other.
declare
  v_enrollments bigint[];
  v_offers bigint[];
begin
  if tg_table_name = 'markets' then
    select array_agg(o.id) into v_offers
    from written w
    join replaced r on r.id = w.id and r.timezone <> w.timezone
    join leadgen.offers o on o.market_id = w.id;
    v_enrollments := array(
      select bo.id from leadgen.buyer_offers bo where bo.offer_id = any (v_offers) and bo.timezone is null);
  else
    select array_agg(w.id), array_agg(distinct w.offer_id) into v_enrollments, v_offers
    from written w
    join replaced r on r.id = w.id and r.timezone is distinct from w.timezone;
  end if;
  perform market.lock_offers(v_offers);
  if tg_table_name = 'markets' then
    perform market.recount_offer_usage(o.id, m.timezone)
    from leadgen.offers o
    join leadgen.markets m on m.id = o.market_id
    where o.id = any (v_offers);
  end if;
  perform market.recount_usage(e.id) from unnest(v_enrollments) e (id);
  return null;
end;
$$;
comment on function market.move_windows() is
  'Trigger: a change of zone counts the caps anew, so that moving a window''s start gives no place twice.';

create or replace function market.wake_held_leads(p_offer_id bigint, p_now timestamptz)
returns boolean
language plpgsql
volatile
as $$
-- The caller holds the offer's lock: a lead that was judged before the change is then either stored, and woken, or
-- judged after it. A portion is a second's work, so that no statement runs out of time over it.
declare
  c_portion constant integer := 10000;
  v_woken integer;
begin
  update leadgen.leads l
  set next_route_at = p_now
  where l.id in (
    select h.id from leadgen.leads h
    where h.offer_id = p_offer_id and h.hold_until is not null and h.next_route_at > p_now
    order by h.id
    limit c_portion
    for no key update);
  get diagnostics v_woken = row_count;
  return v_woken < c_portion;
end;
$$;
comment on function market.wake_held_leads(bigint, timestamptz) is
  'Makes held leads of an offer due, because something changed that may let them be sold: at most 10,000. False: there '
  'may be more.';

create or replace function market.wake_free_leads(p_offer_id bigint, p_now timestamptz)
returns boolean
language plpgsql
volatile
as $$
-- For a new lead, which waits neither for a row nor for thousands of them. The caller holds the offer's lock.
declare
  c_most constant integer := 1000;
begin
  update leadgen.leads l
  set next_route_at = p_now
  where l.id in (
    select h.id from leadgen.leads h
    where h.offer_id = p_offer_id and h.hold_until is not null and h.next_route_at > p_now
    order by h.id
    limit c_most
    for no key update skip locked);
  return not exists (
    select from leadgen.leads l
    where l.offer_id = p_offer_id and l.hold_until is not null and l.next_route_at > p_now);
end;
$$;
comment on function market.wake_free_leads(bigint, timestamptz) is
  'Makes held leads of an offer due that nobody has locked, at most 1,000. False: there are others, for '
  'wake_held_leads.';

create or replace function market.keep_shares()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
-- What a buyer is ahead or behind is counted in leads of its weight, so a new weight counts it anew: without that a
-- buyer who just had one lead at weight 1 would wait for a hundred at weight 100. Locks as move_windows does.
declare
  v_enrollments bigint[];
  v_offers bigint[];
  v_factors double precision[];
begin
  select array_agg(w.id), array_agg(w.offer_id), array_agg(r.weight / w.weight)
  into v_enrollments, v_offers, v_factors
  from written w
  join replaced r on r.id = w.id and r.weight <> w.weight;
  if v_enrollments is null then
    return null;
  end if;
  perform market.lock_offers(v_offers);
  update leadgen.enrollment_usage u
  set finish_tag = o.virtual_time + (u.finish_tag - o.virtual_time) * w.factor
  from unnest(v_enrollments, v_offers, v_factors) as w (id, offer_id, factor)
  join (
    select x.offer_id, max(x.virtual_time) as virtual_time
    from leadgen.enrollment_usage x
    where x.offer_id = any (v_offers)
    group by x.offer_id
  ) o on o.offer_id = w.offer_id
  where u.buyer_offer_id = w.id;
  return null;
end;
$$;
comment on function market.keep_shares() is
  'Trigger: whoever gets another weight is as many leads ahead or behind as before.';
