-- Reserve: places and money taken, atomically, else the next candidate.

create or replace function market.reserve_winners(
  p_candidates kernel.candidate[],
  p_load kernel.offer_load,
  p_verdict kernel.verdict,
  p_route catalog.route,
  p_now timestamptz
)
returns integer[]
language plpgsql
volatile
as $$
declare
  v_places constant integer := kernel.count_places(p_route.routing_settings, p_load);
  v_winners integer[] := '{}';
  v_spent numeric := 0;
  v_turns kernel.turns;
  v_next kernel.turns;
  v_position integer;
  v_candidate kernel.candidate;
begin
  foreach v_position in array p_verdict.ranking loop
    exit when cardinality(v_winners) >= v_places;
    v_candidate := p_candidates[v_position];
    continue when not kernel.fits_offer_budget(p_load, v_spent + v_candidate.price);
    if v_turns.turn is null then
      v_turns := kernel.start_turns(p_candidates, p_verdict, p_route.routing_settings);
    end if;
    v_next := kernel.take_turn(v_turns, v_candidate);
    if market.reserve_capacity(v_candidate, p_route.market_id, p_now, v_next.turn, v_next.finish_tag, v_next.stored_time) then
      v_turns := v_next;
      v_winners := v_winners || v_position;
      v_spent := v_spent + v_candidate.price;
      if kernel.is_running_low(v_candidate) then
        perform market.warn_of_caps(v_candidate, p_route, p_now);
      end if;
    end if;
  end loop;
  if v_winners <> '{}' then
    perform market.count_offer_sales(p_route, p_now, cardinality(v_winners), v_spent);
    if p_load.timezone is not null then
      perform market.warn_of_offer_caps(p_load, p_route, p_now, cardinality(v_winners), v_spent);
    end if;
  end if;
  return v_winners;
end;
$$;
comment on function market.reserve_winners(kernel.candidate[], kernel.offer_load, kernel.verdict, catalog.route, timestamptz) is
  'Takes capacity for the best max_buyers candidates, else the next ones, within the offer''s own caps; returns their positions in order of sale.';

create or replace function market.reserve_capacity(
  p_candidate kernel.candidate,
  p_market_id bigint,
  p_now timestamptz,
  p_turn bigint,
  p_finish_tag double precision,
  p_virtual_time double precision
)
returns boolean
language plpgsql
volatile
as $$
-- The last guard: the update takes a place only where there is one, whatever was gathered before.
declare
  v_hour constant timestamptz := date_trunc('hour', p_now, p_candidate.timezone);
  v_day constant timestamptz := date_trunc('day', p_now, p_candidate.timezone);
  v_week constant timestamptz := date_trunc('week', p_now, p_candidate.timezone);
  v_month constant timestamptz := date_trunc('month', p_now, p_candidate.timezone);
begin
  update leadgen.enrollment_usage u
  set
    hour_start = greatest(u.hour_start, v_hour),
    hour_count = case when u.hour_start >= v_hour then u.hour_count else 0 end + 1,
    day_start = greatest(u.day_start, v_day),
    day_count = case when u.day_start >= v_day then u.day_count else 0 end + 1,
    day_spent = case when u.day_start >= v_day then u.day_spent else 0 end + p_candidate.price,
    week_start = greatest(u.week_start, v_week),
    week_count = case when u.week_start >= v_week then u.week_count else 0 end + 1,
    month_start = greatest(u.month_start, v_month),
    month_count = case when u.month_start >= v_month then u.month_count else 0 end + 1,
    month_spent = case when u.month_start >= v_month then u.month_spent else 0 end + p_candidate.price,
    last_turn = p_turn,
    finish_tag = coalesce(p_finish_tag, u.finish_tag),
    virtual_time = coalesce(p_virtual_time, u.virtual_time)
  where u.buyer_offer_id = p_candidate.buyer_offer_id
    and u.market_id = p_market_id
    and (p_candidate.cap_hour is null or u.hour_start < v_hour or u.hour_count < p_candidate.cap_hour)
    and (p_candidate.cap_day is null or u.day_start < v_day or u.day_count < p_candidate.cap_day)
    and (p_candidate.cap_week is null or u.week_start < v_week or u.week_count < p_candidate.cap_week)
    and (p_candidate.cap_month is null or u.month_start < v_month or u.month_count < p_candidate.cap_month)
    and (p_candidate.budget_day is null
      or case when u.day_start < v_day then 0 else u.day_spent end + p_candidate.price <= p_candidate.budget_day)
    and (p_candidate.budget_month is null
      or case when u.month_start < v_month then 0 else u.month_spent end + p_candidate.price <= p_candidate.budget_month);
  return found;
end;
$$;
comment on function market.reserve_capacity(kernel.candidate, bigint, timestamptz, bigint, double precision, double precision) is
  'Step reserve: takes one place and the price in every window of an enrollment, and its turn; false, and nothing taken, when a window is full.';

create or replace function market.count_offer_sales(
  p_route catalog.route,
  p_now timestamptz,
  p_sales integer,
  p_spent numeric
)
returns void
language plpgsql
volatile
as $$
declare
  v_hour constant timestamptz := date_trunc('hour', p_now, p_route.timezone);
  v_day constant timestamptz := date_trunc('day', p_now, p_route.timezone);
  v_week constant timestamptz := date_trunc('week', p_now, p_route.timezone);
  v_month constant timestamptz := date_trunc('month', p_now, p_route.timezone);
begin
  update leadgen.offer_usage u
  set
    hour_start = greatest(u.hour_start, v_hour),
    hour_count = case when u.hour_start >= v_hour then u.hour_count else 0 end + p_sales,
    day_start = greatest(u.day_start, v_day),
    day_count = case when u.day_start >= v_day then u.day_count else 0 end + p_sales,
    day_spent = case when u.day_start >= v_day then u.day_spent else 0 end + p_spent,
    week_start = greatest(u.week_start, v_week),
    week_count = case when u.week_start >= v_week then u.week_count else 0 end + p_sales,
    month_start = greatest(u.month_start, v_month),
    month_count = case when u.month_start >= v_month then u.month_count else 0 end + p_sales,
    month_spent = case when u.month_start >= v_month then u.month_spent else 0 end + p_spent
  where u.offer_id = p_route.offer_id and u.market_id = p_route.market_id;
end;
$$;
comment on function market.count_offer_sales(catalog.route, timestamptz, integer, numeric) is
  'Step reserve: counts a lead''s sales in every window of the offer as a whole. The offer''s lock makes what was gathered still true.';
