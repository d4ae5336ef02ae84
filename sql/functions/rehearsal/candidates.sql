-- Candidates: what the changes make of them for the lead at hand, and how much of their limits is used.

create or replace function rehearsal.open_schedules(
  p_terms rehearsal.terms,
  p_snapshot kernel.snapshot,
  p_place integer default null
)
returns kernel.snapshot
language plpgsql
immutable
as $$
declare
  v_snapshot kernel.snapshot := p_snapshot;
  v_zone text;
  v_is_open boolean;
begin
  v_snapshot.openings :=
    coalesce(v_snapshot.openings, array_fill(null::timestamptz, array[cardinality(p_terms.seats)]));
  for v_place in coalesce(p_place, 1) .. coalesce(p_place, cardinality(p_terms.seats)) loop
    v_zone := coalesce(p_snapshot.zones[v_place], p_snapshot.timezone);
    v_is_open := p_terms.schedules[v_place] is null
      or kernel.minute_of_week(p_snapshot.decided_at, v_zone) <@ p_terms.schedules[v_place];
    v_snapshot.flags[v_place] := rehearsal.set_flag(v_snapshot.flags[v_place], 'in_schedule', v_is_open);
    v_snapshot.openings[v_place] := null;
    if not v_is_open then
      v_snapshot.openings[v_place] :=
        kernel.find_next_opening(p_terms.schedules[v_place], p_snapshot.decided_at, v_zone);
    end if;
  end loop;
  return v_snapshot;
end;
$$;
comment on function rehearsal.open_schedules(rehearsal.terms, kernel.snapshot, integer) is
  'A snapshot in which schedules are looked at anew: one candidate''s, or all.';

create or replace function rehearsal.set_flag(p_flags integer, p_name text, p_is_so boolean)
returns integer
language sql
immutable parallel safe
as $$
  select case when p_is_so then p_flags | kernel.flag(p_name) else p_flags & ~kernel.flag(p_name) end;
$$;
comment on function rehearsal.set_flag(integer, text, boolean) is
  'Flags of a candidate with one of them set or cleared.';

create or replace function rehearsal.change_candidates(
  p_plan rehearsal.plan,
  p_terms rehearsal.terms,
  p_snapshot kernel.snapshot,
  p_facts kernel.lead_facts,
  p_document jsonb
)
returns kernel.snapshot
language plpgsql
immutable
as $$
declare
  v_snapshot kernel.snapshot := p_snapshot;
  v_places constant text[] :=
    array(select 'postal_code:' || p from unnest(p_facts.postal_patterns) p) || ('city:' || p_facts.city_key);
  v_seat rehearsal.seat;
  v_place integer;
begin
  v_snapshot.filter_faults :=
    coalesce(v_snapshot.filter_faults, array_fill(null::text, array[cardinality(p_terms.seats)]));
  foreach v_place in array p_terms.changed loop
    v_seat := p_plan.seats[p_terms.seats[v_place]];
    if v_seat.new_flags is not null then
      v_snapshot.flags[v_place] := rehearsal.set_flag(
        rehearsal.set_flag(v_seat.new_flags, 'in_service_area', coalesce(v_seat.areas && v_places, false)),
        'is_suppressed', coalesce(v_seat.buyer_id = any (p_facts.suppressing_buyers), false));
    end if;
    if v_seat.changes ? 'is_active' then
      v_snapshot.flags[v_place] := rehearsal.set_flag(
        v_snapshot.flags[v_place], 'enrollment_is_active', (v_seat.changes ->> 'is_active')::boolean);
    end if;
    if v_seat.changes ? 'schedule' then
      v_snapshot := rehearsal.open_schedules(p_terms, v_snapshot, v_place);
    end if;
    if v_seat.changes ? 'filters' then
      v_snapshot.filter_faults[v_place] := kernel.find_filter_fault(v_seat.tests, p_document);
    end if;
  end loop;
  return v_snapshot;
end;
$$;
comment on function rehearsal.change_candidates(
  rehearsal.plan, rehearsal.terms, kernel.snapshot, kernel.lead_facts, jsonb) is
  'A snapshot with the candidates looked at anew whose activity, schedule or filters are changed, and the newcomers.';

create or replace function rehearsal.keep_prices(p_terms rehearsal.terms, p_seen kernel.snapshot)
returns numeric[]
language plpgsql
immutable
as $$
begin
  if p_terms.places is null and not true = any (p_terms.is_repriced) then
    return p_seen.prices;
  end if;
  return array(
    select case when c.is_repriced then c.made else p_seen.prices[coalesce(p_terms.places[c.position], c.position)] end
    from unnest(p_terms.is_repriced, (p_terms.snapshot).prices) with ordinality as c (is_repriced, made, position));
end;
$$;
comment on function rehearsal.keep_prices(rehearsal.terms, kernel.snapshot) is
  'The candidates'' prices as they were recorded; by the terms of whoever''s price is changed.';

create or replace function rehearsal.find_sales_today(p_play rehearsal.play)
returns integer[]
language plpgsql
immutable
as $$
declare
  v_day constant integer := array_position(kernel.list_windows(), 'day');
  v_seats constant integer[] := (p_play.terms).seats;
  v_places constant integer[] := (p_play.terms).places;
  v_recorded constant integer[] := (p_play.seen).sales_today;
  v_today integer[] := '{}';
  v_counter integer;
begin
  for v_place in 1 .. cardinality(v_seats) loop
    v_counter := (v_seats[v_place] - 1) * cardinality(kernel.list_windows()) + v_day;
    v_today[v_place] := p_play.sales[v_counter] + coalesce(
      v_recorded[case when v_places is null then v_place else v_places[v_place] end], p_play.sold[v_counter]);
  end loop;
  return v_today;
end;
$$;
comment on function rehearsal.find_sales_today(rehearsal.play) is
  'How many leads each candidate had on the day: in history, and how far the rehearsal is from that.';

create or replace function rehearsal.find_uses(p_play rehearsal.play)
returns numeric[]
language plpgsql
immutable
as $$
-- The record says what history used of the limits that it had; of others its sales are counted along. A limit of no
-- calendar window has no counter: it stays as recorded.
declare
  v_is_money constant boolean[] := ((p_play.terms).snapshot).limit_is_money;
  v_places constant integer[] := (p_play.terms).limit_places;
  v_counters constant integer[] := (p_play.terms).limit_counters;
  v_recorded constant numeric[] := (p_play.seen).limit_uses;
  v_sold constant integer[] := p_play.sold;
  v_paid constant numeric[] := p_play.paid;
  v_sales constant integer[] := p_play.sales;
  v_money constant numeric[] := p_play.money;
  v_uses numeric[] := '{}';
begin
  for v_limit in 1 .. coalesce(cardinality(v_counters), 0) loop
    v_uses[v_limit] := case when v_is_money[v_limit]
      then coalesce(v_recorded[v_places[v_limit]], v_paid[v_counters[v_limit]], 0)
        + coalesce(v_money[v_counters[v_limit]], 0)
      else coalesce(v_recorded[v_places[v_limit]], v_sold[v_counters[v_limit]], 0)
        + coalesce(v_sales[v_counters[v_limit]], 0)
      end;
  end loop;
  return v_uses;
end;
$$;
comment on function rehearsal.find_uses(rehearsal.play) is
  'What is used of each limit: what history used of it, and how far the rehearsal is from history.';
