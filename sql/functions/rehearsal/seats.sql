-- Seats: an enrollment's difference to history.

create or replace function rehearsal.make_seat(p_buyer_offer_id bigint, p_buyer_id bigint, p_timezone text)
returns rehearsal.seat
language plpgsql
immutable
as $$
begin
  return jsonb_populate_record(null::rehearsal.seat, jsonb_build_object(
    'buyer_offer_id', p_buyer_offer_id, 'buyer_id', p_buyer_id, 'timezone', p_timezone, 'is_gone', false,
    'hour_count', 0, 'day_count', 0, 'day_spent', 0, 'week_count', 0, 'month_count', 0, 'month_spent', 0,
    'finish_tag', 0, 'virtual_time', 0, 'sales', 0, 'revenue', 0));
end;
$$;
comment on function rehearsal.make_seat(bigint, bigint, text) is 'A seat with nothing changed and no difference to history.';

create or replace function rehearsal.seat_enrollments(p_offer leadgen.offers, p_timezone text, p_changes jsonb)
returns rehearsal.seat[]
language plpgsql
stable
as $$
declare
  v_price constant numeric := coalesce((p_changes ->> 'default_price_per_lead')::numeric, p_offer.default_price_per_lead);
begin
  return array[rehearsal.make_seat(0, null, p_timezone)] || array(
    select jsonb_populate_record(rehearsal.make_seat(bo.id, bo.buyer_id, coalesce(bo.timezone, p_timezone)), jsonb_build_object(
      'is_gone', (p_changes -> 'without') @> to_jsonb(bo.buyer_id),
      'changes', rehearsal.translate_enrollment(case
        when p_changes ? 'default_price_per_lead' and bo.price_per_lead is null then jsonb_build_object('price_per_lead', v_price)
        else '{}' end || coalesce(change.fields, '{}'), v_price, 'changes.enrollments.' || bo.id),
      'tests', catalog.compile_tests(nullif(change.fields -> 'filters', 'null'))))
    from leadgen.buyer_offers bo
    cross join lateral (select p_changes -> 'enrollments' -> bo.id::text as fields) change
    where bo.offer_id = p_offer.id
    order by bo.id
  );
end;
$$;
comment on function rehearsal.seat_enrollments(leadgen.offers, text, jsonb) is
  'The seats of a rehearsal: the offer as a whole (0), then each enrollment with what is changed about it.';

create or replace function rehearsal.seat_newcomers(p_rehearsal rehearsal.rehearsal, p_offer leadgen.offers, p_changes jsonb)
returns rehearsal.rehearsal
language plpgsql
stable
as $$
-- A newcomer's enrollment has a number above all there are, as a new row would.
declare
  c_first_id constant bigint := 9000000000000000;
  v_rehearsal rehearsal.rehearsal := p_rehearsal;
  v_price constant numeric := coalesce((p_changes ->> 'default_price_per_lead')::numeric, p_offer.default_price_per_lead);
  v_fields jsonb;
  v_number bigint;
  v_path text;
  v_buyer leadgen.buyers;
  v_candidate kernel.candidate;
  v_seat rehearsal.seat;
  v_area record;
begin
  for v_fields, v_number in
    select w.value, w.ordinality from jsonb_array_elements(p_changes -> 'with') with ordinality as w order by w.ordinality
  loop
    v_path := format('changes.with[%s]', v_number - 1);
    select b.* into v_buyer from leadgen.buyers b where b.id = (v_fields ->> 'buyer_id')::bigint;
    if not found or exists (select from leadgen.buyer_offers bo where bo.offer_id = p_offer.id and bo.buyer_id = v_buyer.id) then
      perform kernel.refuse_value(v_path || '.buyer_id', v_fields ->> 'buyer_id', 'a buyer that there is and that is not enrolled in the offer');
    end if;
    if exists (select from unnest(v_rehearsal.added) a where a.buyer_id = v_buyer.id) then
      perform kernel.refuse_value(v_path || '.buyer_id', v_fields ->> 'buyer_id', 'a buyer that is not in changes.with already');
    end if;
    select s.value, s.ordinality - 1 as place into v_area
    from jsonb_array_elements_text(v_fields -> 'service_areas') with ordinality s
    where rehearsal.read_area(s.value, v_rehearsal.country_code) is null
    limit 1;
    if found then
      perform kernel.refuse_value(format('%s.service_areas[%s]', v_path, v_area.place), to_json(v_area.value)::text,
        'a postal code of ' || v_rehearsal.country_code || ', a prefix ending in *, * for the whole market, or a city');
    end if;
    v_candidate := jsonb_populate_record(null::kernel.candidate, jsonb_build_object(
      'buyer_offer_id', c_first_id + v_number, 'buyer_id', v_buyer.id, 'enrollment_is_active', true,
      'buyer_is_active', v_buyer.is_active, 'has_channel', v_buyer.webhook_url is not null or v_buyer.email_notifications or v_buyer.sms_notifications,
      'has_lead', false, 'has_contact', false, 'in_schedule', true, 'timezone', v_rehearsal.timezone,
      'used_hour', 0, 'used_day', 0, 'used_week', 0, 'used_month', 0, 'spent_day', 0, 'spent_month', 0,
      'balance', v_buyer.balance, 'priority', 1, 'weight', 1, 'finish_tag', 0, 'virtual_time', 0, 'base_price', v_price));
    v_seat := rehearsal.make_seat(v_candidate.buyer_offer_id, v_buyer.id, v_rehearsal.timezone);
    v_seat.changes := jsonb_build_object('base_price', v_price) || coalesce(rehearsal.translate_enrollment(v_fields, v_price, v_path), '{}');
    v_seat.tests := catalog.compile_tests(nullif(v_fields -> 'filters', 'null'));
    v_rehearsal.seats := v_rehearsal.seats || v_seat;
    v_rehearsal.added := v_rehearsal.added || v_candidate;
    v_rehearsal.added_areas := v_rehearsal.added_areas || (
      select string_agg(rehearsal.read_area(a.scope, v_rehearsal.country_code), E'\n')
      from (
        select s.value as scope from jsonb_array_elements_text(v_fields -> 'service_areas') s
        union all
        select s.scope_value from leadgen.buyer_service_areas s
        where not v_fields ? 'service_areas' and s.buyer_id = v_buyer.id and s.market_id = v_rehearsal.market_id and s.is_active
      ) a);
  end loop;
  return v_rehearsal;
end;
$$;
comment on function rehearsal.seat_newcomers(rehearsal.rehearsal, leadgen.offers, jsonb) is
  'Adds the buyers of "with" to a rehearsal, with the areas given, else those the buyer has in the market.';

create or replace function rehearsal.seat_departed(p_rehearsal rehearsal.rehearsal, p_from timestamptz, p_to timestamptz)
returns rehearsal.rehearsal
language plpgsql
stable
as $$
-- An enrollment that never took a lead may have been deleted; under other rules it would have taken some. Seats stay sorted.
declare
  v_rehearsal rehearsal.rehearsal := p_rehearsal;
begin
  v_rehearsal.seats := array(
    select s
    from (
      select rehearsal.make_seat(c.buyer_offer_id, min(c.buyer_id), min(c.timezone)) as s
      from leadgen.leads l
      join leadgen.lead_decisions d on d.lead_id = l.id and d.market_id = l.market_id
      cross join lateral unnest(d.candidates) c
      where l.offer_id = p_rehearsal.offer_id and l.created_at >= p_from and l.created_at < p_to
        and c.buyer_offer_id not in (select t.buyer_offer_id from unnest(p_rehearsal.seats) t)
      group by c.buyer_offer_id
      union all
      select t from unnest(p_rehearsal.seats) t
    ) seated
    order by (seated.s).buyer_offer_id);
  return v_rehearsal;
end;
$$;
comment on function rehearsal.seat_departed(rehearsal.rehearsal, timestamptz, timestamptz) is
  'A rehearsal with seats for the enrollments of its period that are not there any more.';

create or replace function rehearsal.place_newcomers(p_rehearsal rehearsal.rehearsal, p_facts kernel.lead_facts)
returns kernel.candidate[]
language plpgsql
immutable
as $$
declare
  v_keys constant text[] := array(select 'postal_code:' || p from unnest(p_facts.postal_patterns) p) || ('city:' || p_facts.city_key);
begin
  return array(
    select jsonb_populate_record(p_rehearsal.added[place],
      jsonb_build_object('in_service_area', coalesce(string_to_array(p_rehearsal.added_areas[place], E'\n') && v_keys, false)))
    from generate_subscripts(p_rehearsal.added, 1) place
    order by place
  );
end;
$$;
comment on function rehearsal.place_newcomers(rehearsal.rehearsal, kernel.lead_facts) is
  'The newcomers of a rehearsal as candidates for one lead: whether it lies in their area.';

create or replace function rehearsal.shift_seat(p_seat rehearsal.seat, p_at timestamptz, p_sales integer, p_spent numeric)
returns rehearsal.seat
language plpgsql
immutable
as $$
declare
  v_seat rehearsal.seat := p_seat;
  v_hour constant timestamptz := date_trunc('hour', p_at, p_seat.timezone);
  v_day constant timestamptz := date_trunc('day', p_at, p_seat.timezone);
  v_week constant timestamptz := date_trunc('week', p_at, p_seat.timezone);
  v_month constant timestamptz := date_trunc('month', p_at, p_seat.timezone);
begin
  v_seat.hour_count := case when p_seat.hour_start = v_hour then p_seat.hour_count else 0 end + p_sales;
  v_seat.day_count := case when p_seat.day_start = v_day then p_seat.day_count else 0 end + p_sales;
  v_seat.day_spent := case when p_seat.day_start = v_day then p_seat.day_spent else 0 end + p_spent;
  v_seat.week_count := case when p_seat.week_start = v_week then p_seat.week_count else 0 end + p_sales;
  v_seat.month_count := case when p_seat.month_start = v_month then p_seat.month_count else 0 end + p_sales;
  v_seat.month_spent := case when p_seat.month_start = v_month then p_seat.month_spent else 0 end + p_spent;
  v_seat.hour_start := v_hour;
  v_seat.day_start := v_day;
  v_seat.week_start := v_week;
  v_seat.month_start := v_month;
  return v_seat;
end;
$$;
comment on function rehearsal.shift_seat(rehearsal.seat, timestamptz, integer, numeric) is
  'A seat with so many sales and so much money more (or fewer) in the windows of a time.';

create or replace function rehearsal.move_sales(
  p_seats rehearsal.seat[],
  p_seat_ids bigint[],
  p_before_ids bigint[],
  p_before_prices numeric[],
  p_after_ids bigint[],
  p_after_prices numeric[],
  p_at timestamptz
)
returns rehearsal.seat[]
language plpgsql
immutable
as $$
declare
  v_seats rehearsal.seat[] := p_seats;
  v_place integer;
  v_sales constant integer := coalesce(cardinality(p_after_ids), 0) - coalesce(cardinality(p_before_ids), 0);
  v_spent numeric := 0;
begin
  for v_index in 1 .. coalesce(cardinality(p_before_ids), 0) loop
    v_place := array_position(p_seat_ids, p_before_ids[v_index]);
    v_seats[v_place] := rehearsal.shift_seat(v_seats[v_place], p_at, -1, -p_before_prices[v_index]);
    v_spent := v_spent - p_before_prices[v_index];
  end loop;
  for v_index in 1 .. coalesce(cardinality(p_after_ids), 0) loop
    v_place := array_position(p_seat_ids, p_after_ids[v_index]);
    v_seats[v_place] := rehearsal.shift_seat(v_seats[v_place], p_at, 1, p_after_prices[v_index]);
    v_spent := v_spent + p_after_prices[v_index];
  end loop;
  if v_sales <> 0 or v_spent <> 0 then
    v_seats[1] := rehearsal.shift_seat(v_seats[1], p_at, v_sales, v_spent);
  end if;
  return v_seats;
end;
$$;
comment on function rehearsal.move_sales(rehearsal.seat[], bigint[], bigint[], numeric[], bigint[], numeric[], timestamptz) is
  'Takes a lead''s recorded sales out of the windows of seats and of the offer as a whole (the first seat), and puts its rehearsed ones in.';

create or replace function rehearsal.give_back_seat(p_seat rehearsal.seat, p_sale leadgen.lead_assignments, p_sign integer)
returns rehearsal.seat
language plpgsql
immutable
as $$
declare
  v_seat rehearsal.seat := p_seat;
  v_sold constant record := kernel.start_windows(p_sale.created_at, p_seat.timezone);
  v_back constant record := kernel.start_windows(p_sale.released_at, p_seat.timezone);
begin
  if v_sold.hour = v_back.hour and v_seat.hour_start = v_sold.hour then
    v_seat.hour_count := v_seat.hour_count + p_sign;
  end if;
  if v_sold.day = v_back.day and v_seat.day_start = v_sold.day then
    v_seat.day_count := v_seat.day_count + p_sign;
    v_seat.day_spent := v_seat.day_spent + p_sign * p_sale.price;
  end if;
  if v_sold.week = v_back.week and v_seat.week_start = v_sold.week then
    v_seat.week_count := v_seat.week_count + p_sign;
  end if;
  if v_sold.month = v_back.month and v_seat.month_start = v_sold.month then
    v_seat.month_count := v_seat.month_count + p_sign;
    v_seat.month_spent := v_seat.month_spent + p_sign * p_sale.price;
  end if;
  return v_seat;
end;
$$;
comment on function rehearsal.give_back_seat(rehearsal.seat, leadgen.lead_assignments, integer) is
  'A seat after a sale was given back, in the windows that the sale and its return share.';

create or replace function rehearsal.give_back_seats(p_seats rehearsal.seat[], p_sale leadgen.lead_assignments)
returns rehearsal.seat[]
language plpgsql
immutable
as $$
begin
  return array(
    select case when s.buyer_offer_id in (0, p_sale.buyer_offer_id) then rehearsal.give_back_seat(s, p_sale, 1) else s end
    from unnest(p_seats) s
  );
end;
$$;
comment on function rehearsal.give_back_seats(rehearsal.seat[], leadgen.lead_assignments) is
  'The seats after history gave back a sale that the rehearsal had not made: its place had been taken out already.';

create or replace function rehearsal.leave_history(p_seats rehearsal.seat[], p_candidates kernel.candidate[])
returns rehearsal.seat[]
language plpgsql
immutable
as $$
-- Tags are floating-point numbers: on their way through JSON they would lose what the session's extra_float_digits cuts off.
declare
  v_seats rehearsal.seat[] := array(select s from unnest(p_seats) s order by s.buyer_offer_id);
  v_candidate kernel.candidate;
begin
  for v_index in 1 .. cardinality(v_seats) loop
    select c.* into v_candidate from unnest(p_candidates) c where c.buyer_offer_id = v_seats[v_index].buyer_offer_id;
    if found then
      v_seats[v_index].last_turn := v_candidate.last_turn;
      v_seats[v_index].finish_tag := v_candidate.finish_tag;
      v_seats[v_index].virtual_time := v_candidate.virtual_time;
    end if;
  end loop;
  return v_seats;
end;
$$;
comment on function rehearsal.leave_history(rehearsal.seat[], kernel.candidate[]) is
  'Seats with the turns that history had before the first lead that comes out differently; from there on the rehearsal keeps its own.';

create or replace function rehearsal.take_seats(p_seats rehearsal.seat[], p_seat_ids bigint[], p_decision kernel.decision)
returns rehearsal.seat[]
language plpgsql
immutable
as $$
-- As reserve_winners writes them.
declare
  v_turns kernel.turns;
  v_seats rehearsal.seat[] := p_seats;
  v_candidate kernel.candidate;
  v_place integer;
  v_position integer;
begin
  if p_decision.winners = '{}' then
    return v_seats;
  end if;
  v_turns := kernel.start_turns(p_decision.candidates, p_decision.verdict, p_decision.settings);
  foreach v_position in array p_decision.winners loop
    v_candidate := p_decision.candidates[v_position];
    v_turns := kernel.take_turn(v_turns, v_candidate);
    v_place := array_position(p_seat_ids, v_candidate.buyer_offer_id);
    v_seats[v_place].last_turn := v_turns.turn;
    v_seats[v_place].finish_tag := coalesce(v_turns.finish_tag, v_candidate.finish_tag);
    v_seats[v_place].virtual_time := coalesce(v_turns.stored_time, v_candidate.virtual_time);
  end loop;
  return v_seats;
end;
$$;
comment on function rehearsal.take_seats(rehearsal.seat[], bigint[], kernel.decision) is
  'Seats with the turns that the winners of a decision have after it.';

create or replace function rehearsal.rehearse_candidates(
  p_candidates kernel.candidate[],
  p_seats rehearsal.seat[],
  p_has_left boolean,
  p_now timestamptz,
  p_document jsonb,
  p_adjustments kernel.adjustment[],
  p_exclusive_buyer_id bigint,
  p_reprices boolean,
  p_decimals integer,
  p_timezone text
)
returns kernel.candidate[]
language plpgsql
immutable
as $$
-- offset 0 keeps the changed record from being made once for each of its attributes.
declare
  v_hour constant timestamptz := date_trunc('hour', p_now, p_timezone);
  v_day constant timestamptz := date_trunc('day', p_now, p_timezone);
  v_week constant timestamptz := date_trunc('week', p_now, p_timezone);
  v_month constant timestamptz := date_trunc('month', p_now, p_timezone);
  v_price constant record := kernel.compose_adjustments(p_adjustments, false);
  v_owner_price constant record := kernel.compose_adjustments(p_adjustments, true);
begin
  return array(
    select (
      c.buyer_offer_id,
      c.buyer_id,
      (n.r).enrollment_is_active,
      c.buyer_is_active,
      c.has_channel,
      (n.r).pause_until,
      c.in_service_area,
      c.has_lead,
      c.timezone,
      (n.r).cap_hour,
      case when s.hour_count <> 0 and s.hour_start = case s.timezone when p_timezone then v_hour else date_trunc('hour', p_now, s.timezone) end then c.used_hour + s.hour_count else c.used_hour end,
      (n.r).cap_day,
      case when s.day_count <> 0 and s.day_start = case s.timezone when p_timezone then v_day else date_trunc('day', p_now, s.timezone) end then c.used_day + s.day_count else c.used_day end,
      (n.r).cap_week,
      case when s.week_count <> 0 and s.week_start = case s.timezone when p_timezone then v_week else date_trunc('week', p_now, s.timezone) end then c.used_week + s.week_count else c.used_week end,
      (n.r).cap_month,
      case when s.month_count <> 0 and s.month_start = case s.timezone when p_timezone then v_month else date_trunc('month', p_now, s.timezone) end then c.used_month + s.month_count else c.used_month end,
      (n.r).min_balance,
      c.balance,
      (n.r).priority,
      (n.r).weight,
      case when p_has_left then s.last_turn else c.last_turn end,
      case when p_has_left then s.finish_tag else c.finish_tag end,
      case when p_has_left then s.virtual_time else c.virtual_time end,
      (n.r).base_price,
      case when s.changes ? 'schedule'
        then (n.r).schedule is null or kernel.minute_of_week(p_now, c.timezone) <@ (n.r).schedule
        else c.in_schedule end,
      (n.r).schedule,
      case when s.tests is not null then kernel.find_filter_fault(s.tests, p_document) else (n.r).filter_fault end,
      c.has_contact,
      case
        when not p_reprices and (s.changes ? 'base_price') is not true then c.price
        when c.buyer_id = p_exclusive_buyer_id
          then kernel.round_price((n.r).base_price * v_owner_price.factor + v_owner_price.addend, p_decimals)
        else kernel.round_price((n.r).base_price * v_price.factor + v_price.addend, p_decimals)
      end,
      (n.r).budget_day,
      case when s.day_spent <> 0 and s.day_start = case s.timezone when p_timezone then v_day else date_trunc('day', p_now, s.timezone) end then c.spent_day + s.day_spent else c.spent_day end,
      (n.r).budget_month,
      case when s.month_spent <> 0 and s.month_start = case s.timezone when p_timezone then v_month else date_trunc('month', p_now, s.timezone) end then c.spent_month + s.month_spent else c.spent_month end
    )::kernel.candidate
    from unnest(p_candidates) as c
    left join unnest(p_seats) as s on s.buyer_offer_id = c.buyer_offer_id
    cross join lateral (select case when s.changes is null then c else jsonb_populate_record(c, s.changes) end as r offset 0) n
    where s.is_gone is not true
    order by c.buyer_offer_id
  );
end;
$$;
comment on function rehearsal.rehearse_candidates(kernel.candidate[], rehearsal.seat[], boolean, timestamptz, jsonb, kernel.adjustment[], bigint, boolean, integer, text) is
  'Recorded candidates as they would have been: what is changed laid over them, their counts shifted by the difference to history; once history is left, with the turns of the rehearsal.';

create or replace function rehearsal.rehearse_load(
  p_rehearsal rehearsal.rehearsal,
  p_recorded kernel.offer_load,
  p_settings kernel.routing_settings,
  p_history rehearsal.seat,
  p_offer rehearsal.seat,
  p_now timestamptz
)
returns kernel.offer_load
language plpgsql
immutable
as $$
-- The record has the counts only of its own time and where the policy had caps; else they are counted along (p_history).
-- Both are shifted.
declare
  v_window constant record := kernel.start_windows(p_now, p_rehearsal.timezone);
  v_load kernel.offer_load := p_recorded;
begin
  if (p_recorded.timezone is null or p_rehearsal.routing ? 'caps') and coalesce(p_settings.cap_hour, p_settings.cap_day,
    p_settings.cap_week, p_settings.cap_month, p_settings.budget_day, p_settings.budget_month) is not null then
    v_load := (
      p_rehearsal.timezone,
      p_settings.cap_hour, case when p_history.hour_start = v_window.hour then p_history.hour_count else 0 end,
      p_settings.cap_day, case when p_history.day_start = v_window.day then p_history.day_count else 0 end,
      p_settings.cap_week, case when p_history.week_start = v_window.week then p_history.week_count else 0 end,
      p_settings.cap_month, case when p_history.month_start = v_window.month then p_history.month_count else 0 end,
      p_settings.budget_day, case when p_history.day_start = v_window.day then p_history.day_spent else 0 end,
      p_settings.budget_month, case when p_history.month_start = v_window.month then p_history.month_spent else 0 end
    )::kernel.offer_load;
  end if;
  if v_load.timezone is null or p_rehearsal.routing -> 'caps' = 'null' then
    return null;
  end if;
  v_load.used_hour := v_load.used_hour + case when p_offer.hour_start = v_window.hour then p_offer.hour_count else 0 end;
  v_load.used_day := v_load.used_day + case when p_offer.day_start = v_window.day then p_offer.day_count else 0 end;
  v_load.used_week := v_load.used_week + case when p_offer.week_start = v_window.week then p_offer.week_count else 0 end;
  v_load.used_month := v_load.used_month + case when p_offer.month_start = v_window.month then p_offer.month_count else 0 end;
  v_load.spent_day := v_load.spent_day + case when p_offer.day_start = v_window.day then p_offer.day_spent else 0 end;
  v_load.spent_month := v_load.spent_month + case when p_offer.month_start = v_window.month then p_offer.month_spent else 0 end;
  return v_load;
end;
$$;
comment on function rehearsal.rehearse_load(rehearsal.rehearsal, kernel.offer_load, kernel.routing_settings, rehearsal.seat, rehearsal.seat, timestamptz) is
  'The offer''s own caps and use in a rehearsal: as recorded or, under changed caps, as counted along; shifted by the difference to history.';

create or replace function rehearsal.borrow_counters(
  p_candidates kernel.candidate[],
  p_latest kernel.candidate[],
  p_latest_at timestamptz,
  p_sold bigint[],
  p_now timestamptz,
  p_timezone text
)
returns kernel.candidate[]
language plpgsql
immutable
as $$
-- What concerns the lead stays its own (area, filters, contact, price); what concerns the enrollment is as it was when the
-- offer last decided, with that decision's sales, in the windows of now.
declare
  v_now_windows constant record := kernel.start_windows(p_now, p_timezone);
  v_then_windows constant record := kernel.start_windows(coalesce(p_latest_at, '-infinity'), p_timezone);
begin
  return array(
    select jsonb_populate_record(c, jsonb_build_object(
      'used_hour', case when same.hour then coalesce(k.used_hour, 0) + sold.n else 0 end,
      'used_day', case when same.day then coalesce(k.used_day, 0) + sold.n else 0 end,
      'spent_day', case when same.day then coalesce(k.spent_day, 0) + sold.n * coalesce(k.price, 0) else 0 end,
      'used_week', case when same.week then coalesce(k.used_week, 0) + sold.n else 0 end,
      'used_month', case when same.month then coalesce(k.used_month, 0) + sold.n else 0 end,
      'spent_month', case when same.month then coalesce(k.spent_month, 0) + sold.n * coalesce(k.price, 0) else 0 end,
      'in_schedule', c.schedule is null or kernel.minute_of_week(p_now, c.timezone) <@ c.schedule,
      'pause_until', coalesce(k.pause_until, c.pause_until),
      'balance', coalesce(k.balance, c.balance)))
    from unnest(p_candidates) as c
    left join unnest(p_latest) as k on k.buyer_offer_id = c.buyer_offer_id
    cross join lateral (
      select
        case when c.timezone = p_timezone then v_now_windows.hour = v_then_windows.hour
          else date_trunc('hour', p_now, c.timezone) = date_trunc('hour', p_latest_at, c.timezone) end as hour,
        case when c.timezone = p_timezone then v_now_windows.day = v_then_windows.day
          else date_trunc('day', p_now, c.timezone) = date_trunc('day', p_latest_at, c.timezone) end as day,
        case when c.timezone = p_timezone then v_now_windows.week = v_then_windows.week
          else date_trunc('week', p_now, c.timezone) = date_trunc('week', p_latest_at, c.timezone) end as week,
        case when c.timezone = p_timezone then v_now_windows.month = v_then_windows.month
          else date_trunc('month', p_now, c.timezone) = date_trunc('month', p_latest_at, c.timezone) end as month
      offset 0
    ) same
    cross join lateral (select (c.buyer_offer_id = any (p_sold) is true)::integer as n) sold
    order by c.buyer_offer_id
  );
end;
$$;
comment on function rehearsal.borrow_counters(kernel.candidate[], kernel.candidate[], timestamptz, bigint[], timestamptz, text) is
  'A lead''s candidates at a time at which history did not decide about it: counts, pauses and balances from the offer''s latest decision.';
