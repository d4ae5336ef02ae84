-- Limits as they are now: which are nearly used up, and which are. A chore says so; leads only count.

create or replace function market.list_used_limits(p_now timestamptz)
returns table (
  market_id bigint,
  offer_id bigint,
  buyer_id bigint,
  buyer_offer_id bigint,
  code text,
  span text,
  timezone text,
  used numeric,
  cap numeric,
  is_full boolean
)
language plpgsql
stable
as $$
-- Full as the kernel sees it: one more sale, at the enrollment's or the offer's own price, would go over. A limit of 0
-- is off, not used up.
begin
  return query
  with limits as (
    select
      u.market_id, u.offer_id, e.buyer_id, e.id as buyer_offer_id, coalesce(e.timezone, m.timezone) as zone,
      e.limit_codes as codes, e.limit_windows as windows, e.limit_is_money as is_money, e.limit_caps as caps,
      u.starts, u.sales, u.money, coalesce(e.price_per_lead, o.default_price_per_lead) as price
    from leadgen.enrollment_usage u
    join leadgen.buyer_offers e on e.id = u.buyer_offer_id and e.is_active and e.limit_codes <> '{}'
    join leadgen.offers o on o.id = u.offer_id and o.is_active
    join leadgen.markets m on m.id = u.market_id
    union all
    select
      u.market_id, u.offer_id, null, null, m.timezone, l.codes, l.windows, l.is_money, l.caps,
      u.starts, u.sales, u.money, o.default_price_per_lead
    from leadgen.offer_usage u
    join leadgen.offers o on o.id = u.offer_id and o.is_active
    join leadgen.routing_policies p on p.id = o.routing_policy_id
    join leadgen.markets m on m.id = u.market_id
    cross join lateral catalog.list_offer_limits(p.compiled_config) l
    where l.codes <> '{}'
  ),
  uses as (
    select
      l.*, x.code, x.span, x.is_money as counts_money, x.cap,
      case
        when l.starts[slot.n] < kernel.start_window(x.span, p_now, l.zone) then 0
        when x.is_money then l.money[slot.n]
        else l.sales[slot.n] end as used
    from limits l
    cross join lateral unnest(l.codes, l.windows, l.is_money, l.caps) as x (code, span, is_money, cap)
    cross join lateral (select array_position(kernel.list_windows(), x.span) as n) slot
  )
  select
    u.market_id, u.offer_id, u.buyer_id, u.buyer_offer_id, u.code, u.span, u.zone::text, u.used, u.cap,
    u.used + case when u.counts_money then u.price else 1 end > u.cap
  from uses u, leadgen.settings s
  where u.cap > 0 and u.used > 0
    and (u.used >= u.cap * s.warn_at_percent / 100
      or u.used + case when u.counts_money then u.price else 1 end > u.cap);
end;
$$;
comment on function market.list_used_limits(timestamptz) is
  'Limits of enrollments and offers that are used to settings.warn_at_percent or beyond, and whether they are used '
  'up; buyer and enrollment null: the limit is the offer''s.';

create or replace function market.announce_limits()
returns integer
language plpgsql
volatile
as $$
-- Once a window: a return gives a place back, and the next sale takes it, which is no news.
declare
  v_now constant timestamptz := leadgen.clock();
  v_count integer;
begin
  insert into leadgen.events (created_at, kind, subject, market_id, offer_id, buyer_id, buyer_offer_id, message, facts)
  select
    v_now, 'limit_reached',
    format('%s %s %s', whose.it, l.code,
      to_char(kernel.start_window(l.span, v_now, l.timezone) at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI"Z"')),
    l.market_id, l.offer_id, l.buyer_id, l.buyer_offer_id,
    format('%s: %s is used up, %s of %s, resets %s', whose.it, l.code, trim_scale(l.used), trim_scale(l.cap),
      kernel.show_time(kernel.find_window_end(l.span, v_now, l.timezone), l.timezone)),
    jsonb_build_object('code', l.code, 'unit', l.span, 'used', l.used, 'limit', l.cap)
  from market.list_used_limits(v_now) l
  cross join lateral (
    select case when l.buyer_offer_id is null then format('offer %s', l.offer_id)
      else format('enrollment %s', l.buyer_offer_id) end as it
  ) whose
  where l.is_full
  order by l.offer_id, l.buyer_offer_id, l.code collate "C"
  on conflict on constraint events_subject_unique do nothing;
  get diagnostics v_count = row_count;
  return v_count;
end;
$$;
comment on function market.announce_limits() is
  'An event limit_reached for each limit that is used up, once in its window; returns how many are new.';
