-- Counters and turns: what a rehearsal carries from lead to lead.
--
-- One counter a seat and window, in the order of kernel.list_windows; the first seat is the offer as a whole. A
-- counter has two sides: what history sold (sold, paid), and how far the rehearsal is from that (sales, money).
-- Both are of the windows that are open at the moment; time goes forward, so one turn of the clock empties all that
-- are over. What a buyer spends has no window: spent, one a seat, is how far that is from history.

create or replace function rehearsal.start_play(p_plan rehearsal.plan, p_from timestamptz)
returns rehearsal.play
language plpgsql
stable
as $$
declare
  v_play rehearsal.play;
begin
  v_play.zones := array(
    select coalesce(bo.timezone, p_plan.timezone)
    from unnest(p_plan.ids) with ordinality as s (id, place)
    left join leadgen.buyer_offers bo on bo.id = s.id
    order by s.place);
  select
    array_agg(w.since order by s.place, w.place), array_agg(w.n order by s.place, w.place),
    array_agg(w.paid order by s.place, w.place)
  into v_play.starts, v_play.sold, v_play.paid
  from unnest(p_plan.ids, v_play.zones) with ordinality as s (id, zone, place)
  cross join lateral market.count_standing_sales(p_plan.offer_id, nullif(s.id, 0), p_from, s.zone, p_from) c
  cross join lateral unnest(c.starts, c.sales, c.money) with ordinality as w (since, n, paid, place);
  v_play.sales := array_fill(0, array[cardinality(v_play.sold)]);
  v_play.money := array_fill(0::numeric, array[cardinality(v_play.sold)]);
  v_play.spent := array_fill(0::numeric, array[cardinality(p_plan.ids)]);
  v_play.windows_end := '-infinity';
  v_play.has_left := false;
  v_play.gained := array_fill(0, array[cardinality(p_plan.ids)]);
  v_play.earned := array_fill(0::numeric, array[cardinality(p_plan.ids)]);
  v_play.examples := 0;
  v_play.turned := '{}';
  return v_play;
end;
$$;
comment on function rehearsal.start_play(rehearsal.plan, timestamptz) is
  'A rehearsal at its start: what each enrollment and the offer as a whole had sold in the windows of that time, and '
  'no difference.';

create or replace function rehearsal.turn_clock(inout p_play rehearsal.play, p_at timestamptz)
language plpgsql
immutable
as $$
begin
  if p_at < p_play.windows_end then
    return;
  end if;
  with zone as materialized (
    select z.zone, kernel.start_windows(p_at, z.zone) as starts,
      (select min(kernel.find_window_end(w, p_at, z.zone)) from unnest(kernel.list_windows()) w) as ends
    from (select distinct unnest(p_play.zones) as zone) z
  ),
  counter as (
    select
      s.place as seat, w.place, w.since as now_since, c.since, c.since < w.since as is_over,
      c.sold, c.paid, c.sales, c.money
    from unnest(p_play.zones) with ordinality as s (zone, place)
    join zone z on z.zone = s.zone
    cross join lateral unnest(z.starts) with ordinality as w (since, place)
    join unnest(p_play.starts, p_play.sold, p_play.paid, p_play.sales, p_play.money) with ordinality
      as c (since, sold, paid, sales, money, place)
      on c.place = (s.place - 1) * cardinality(kernel.list_windows()) + w.place
  )
  select
    (select min(z.ends) from zone z),
    array_agg(greatest(c.since, c.now_since) order by c.seat, c.place),
    array_agg(case when c.is_over then 0 else c.sold end order by c.seat, c.place),
    array_agg(case when c.is_over then 0 else c.paid end order by c.seat, c.place),
    array_agg(case when c.is_over then 0 else c.sales end order by c.seat, c.place),
    array_agg(case when c.is_over then 0 else c.money end order by c.seat, c.place)
  into p_play.windows_end, p_play.starts, p_play.sold, p_play.paid, p_play.sales, p_play.money
  from counter c;
end;
$$;
comment on function rehearsal.turn_clock(rehearsal.play, timestamptz) is
  'A rehearsal in the windows of a later time: the counters of windows that are over begin anew.';

create or replace function rehearsal.count_sales(
  p_plan rehearsal.plan,
  inout p_play rehearsal.play,
  p_enrollments bigint[],
  p_prices numeric[],
  p_is_elsewhere boolean default false,
  p_other_enrollments bigint[] default '{}',
  p_other_prices numeric[] default '{}'
)
language plpgsql
immutable
as $$
-- Arrays are quicker to set outside the record. The offer as a whole is counted once, by the sums of all.
declare
  c_windows constant integer := cardinality(kernel.list_windows());
  c_history constant integer := cardinality(p_enrollments);
  v_enrollments constant bigint[] := p_enrollments || p_other_enrollments;
  v_prices constant numeric[] := p_prices || p_other_prices;
  v_sold integer[] := p_play.sold;
  v_paid numeric[] := p_play.paid;
  v_sales integer[] := case when p_is_elsewhere then p_play.sales end;
  v_money numeric[] := case when p_is_elsewhere then p_play.money end;
  v_spent numeric[] := p_play.spent;
  v_sum numeric := 0;
  v_other_sum numeric := 0;
  v_price numeric;
  v_seat integer;
  v_sign integer;
begin
  for v_sale in 1 .. cardinality(v_enrollments) loop
    v_price := v_prices[v_sale];
    v_seat := array_position(p_plan.ids, v_enrollments[v_sale]);
    if v_sale <= c_history then
      v_sum := v_sum + v_price;
      for v_counter in (v_seat - 1) * c_windows + 1 .. v_seat * c_windows loop
        v_sold[v_counter] := v_sold[v_counter] + 1;
        v_paid[v_counter] := v_paid[v_counter] + v_price;
      end loop;
      v_sign := -1;
      v_price := -v_price;
    else
      v_sign := 1;
      v_other_sum := v_other_sum + v_price;
    end if;
    continue when not p_is_elsewhere;
    v_spent[v_seat] := v_spent[v_seat] + v_price;
    for v_counter in (v_seat - 1) * c_windows + 1 .. v_seat * c_windows loop
      v_sales[v_counter] := v_sales[v_counter] + v_sign;
      v_money[v_counter] := v_money[v_counter] + v_price;
    end loop;
  end loop;

  for v_counter in 1 .. case when v_enrollments <> '{}' then c_windows else 0 end loop
    v_sold[v_counter] := v_sold[v_counter] + c_history;
    v_paid[v_counter] := v_paid[v_counter] + v_sum;
    continue when not p_is_elsewhere;
    v_sales[v_counter] := v_sales[v_counter] - c_history + cardinality(p_other_enrollments);
    v_money[v_counter] := v_money[v_counter] - v_sum + v_other_sum;
  end loop;
  p_play.sold := v_sold;
  p_play.paid := v_paid;
  if p_is_elsewhere then
    p_play.sales := v_sales;
    p_play.money := v_money;
    p_play.spent := v_spent;
  end if;
end;
$$;
comment on function rehearsal.count_sales(
  rehearsal.plan, rehearsal.play, bigint[], numeric[], boolean, bigint[], numeric[]) is
  'A rehearsal with the sales counted that history made of a lead, for their enrollments and the offer as a whole; '
  'where the lead goes elsewhere, they and the others that it makes are the difference.';

create or replace function rehearsal.give_back(
  p_plan rehearsal.plan,
  inout p_play rehearsal.play,
  p_sale leadgen.lead_assignments,
  p_is_stray boolean
)
language plpgsql
immutable
as $$
-- The windows that were open when the sale was made counted it. Where the lead has left history, its place there
-- had been taken out already.
declare
  c_windows constant integer := cardinality(kernel.list_windows());
  v_starts timestamptz[];
  v_seat integer;
  v_counter integer;
begin
  if p_is_stray then
    v_seat := array_position(p_plan.ids, p_sale.buyer_offer_id);
    p_play.spent[v_seat] := p_play.spent[v_seat] + p_sale.price;
  end if;
  foreach v_seat in array array[1, array_position(p_plan.ids, p_sale.buyer_offer_id)] loop
    v_starts := kernel.start_windows(p_sale.created_at, p_play.zones[v_seat]);
    for v_window in 1 .. c_windows loop
      v_counter := (v_seat - 1) * c_windows + v_window;
      continue when v_starts[v_window] < p_play.starts[v_counter];
      p_play.sold[v_counter] := p_play.sold[v_counter] - 1;
      p_play.paid[v_counter] := p_play.paid[v_counter] - p_sale.price;
      if p_is_stray then
        p_play.sales[v_counter] := p_play.sales[v_counter] + 1;
        p_play.money[v_counter] := p_play.money[v_counter] + p_sale.price;
      end if;
    end loop;
  end loop;
end;
$$;
comment on function rehearsal.give_back(rehearsal.plan, rehearsal.play, leadgen.lead_assignments, boolean) is
  'A rehearsal after history gave a sale''s place back; p_is_stray: the rehearsal had not made that sale.';

create or replace function rehearsal.leave_history(p_plan rehearsal.plan, inout p_play rehearsal.play)
language plpgsql
immutable
as $$
-- History knows tags only where it went by weight; until it does, nobody has any.
declare
  v_seen constant kernel.snapshot := p_play.seen;
  v_places constant integer[] := array(select array_position(v_seen.enrollments, id) from unnest(p_plan.ids) id);
begin
  if not p_play.has_left then
    p_play.turns := array(select v_seen.last_turns[p] from unnest(v_places) p);
    p_play.has_left := true;
  end if;
  if p_play.finish_tags is null and v_seen.finish_tags is not null then
    p_play.finish_tags := array(select coalesce(v_seen.finish_tags[p], 0) from unnest(v_places) p);
    p_play.virtual_times := array(select coalesce(v_seen.virtual_times[p], 0) from unnest(v_places) p);
    p_play.finish_tags := rehearsal.keep_shares(
      p_play.finish_tags, p_play.virtual_times, (p_play.terms).seats, (p_play.terms).recorded_weights,
      (p_play.terms).seats, ((p_play.terms).snapshot).weights);
  end if;
end;
$$;
comment on function rehearsal.leave_history(rehearsal.plan, rehearsal.play) is
  'A rehearsal with the turns that history had before the lead at hand; from there on it keeps its own.';

create or replace function rehearsal.keep_shares(
  p_finish_tags double precision[],
  p_virtual_times double precision[],
  p_old_seats integer[],
  p_old_weights numeric[],
  p_seats integer[],
  p_weights numeric[]
)
returns double precision[]
language plpgsql
immutable
as $$
-- What market.keep_shares does when a weight is edited.
declare
  v_tags double precision[] := p_finish_tags;
  v_time constant double precision := (select max(t) from unnest(p_virtual_times) t);
  v_old numeric;
begin
  for v_place in 1 .. coalesce(cardinality(p_seats), 0) loop
    v_old := p_old_weights[array_position(p_old_seats, p_seats[v_place])];
    if v_old <> p_weights[v_place] then
      v_tags[p_seats[v_place]] :=
        v_time + (v_tags[p_seats[v_place]] - v_time) * (v_old / p_weights[v_place])::double precision;
    end if;
  end loop;
  return v_tags;
end;
$$;
comment on function rehearsal.keep_shares(
  double precision[], double precision[], integer[], numeric[], integer[], numeric[]) is
  'The tags of a rehearsal, one a seat, after candidates in these seats got other weights: each is as many leads ahead '
  'or behind as before.';

create or replace function rehearsal.take_turns(inout p_play rehearsal.play)
language plpgsql
immutable
as $$
declare
  v_decision constant kernel.decision := p_play.decision;
  v_seat integer;
begin
  if v_decision.finish_tags is not null and p_play.finish_tags is null then
    p_play.finish_tags := array_fill(0::double precision, array[cardinality(p_play.turns)]);
    p_play.virtual_times := p_play.finish_tags;
  end if;
  for v_index in 1 .. cardinality(v_decision.winners) loop
    v_seat := (p_play.terms).seats[v_decision.winners[v_index]];
    p_play.turns[v_seat] := v_decision.turns[v_index];
    if v_decision.finish_tags is not null then
      p_play.finish_tags[v_seat] := v_decision.finish_tags[v_index];
      p_play.virtual_times[v_seat] := v_decision.virtual_times[v_index];
    end if;
  end loop;
end;
$$;
comment on function rehearsal.take_turns(rehearsal.play) is
  'A rehearsal that keeps its own turns, with those that the winners of its decision have after it.';
