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
returns void
language plpgsql
volatile
as $$
-- The caller holds the offer's lock: a lead that was judged before the change is then either stored, and woken, or
-- judged after it.
begin
  update leadgen.leads l
  set next_route_at = p_now
  where l.id in (
    select h.id from leadgen.leads h
    where h.offer_id = p_offer_id and h.hold_until is not null and h.next_route_at > p_now
    order by h.id
    for no key update);
end;
$$;
comment on function market.wake_held_leads(bigint, timestamptz) is
  'Makes the held leads of an offer due, because something changed that may let them be sold.';

create or replace function market.warn_of_balance(
  p_buyer_id bigint,
  p_before numeric,
  p_after numeric,
  p_at timestamptz
)
returns void
language plpgsql
volatile
as $$
-- The line lies a quarter above the minimum, so that the warning comes while leads still flow.
declare
  c_margin constant numeric := 1.25;
begin
  insert into leadgen.events (created_at, kind, subject, market_id, offer_id, buyer_id, buyer_offer_id, message, facts)
  select
    p_at, 'balance_low', format('enrollment %s at %s', bo.id, kernel.write_instant(p_at)),
    o.market_id, bo.offer_id, bo.buyer_id, bo.id,
    format('enrollment %s: the balance %s nears the minimum of %s, below which it gets no lead', bo.id, p_after,
      bo.min_balance_required),
    jsonb_build_object('balance', p_after, 'minimum', bo.min_balance_required)
  from leadgen.buyer_offers bo
  join leadgen.offers o on o.id = bo.offer_id
  where bo.buyer_id = p_buyer_id and bo.is_active
    and p_after < bo.min_balance_required * c_margin and p_before >= bo.min_balance_required * c_margin
  on conflict on constraint events_subject_unique do nothing;
end;
$$;
comment on function market.warn_of_balance(bigint, numeric, numeric, timestamptz) is
  'A warning event when a change of a buyer''s balance takes it near the minimum that an enrollment requires.';
