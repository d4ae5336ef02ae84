-- Seats: the enrollments of a rehearsal, each with what is changed about it.

create or replace function rehearsal.make_seat(p_buyer_offer_id bigint, p_buyer_id bigint)
returns rehearsal.seat
language plpgsql
immutable
as $$
declare
  v_seat rehearsal.seat;
begin
  v_seat.buyer_offer_id := p_buyer_offer_id;
  v_seat.buyer_id := p_buyer_id;
  v_seat.is_gone := false;
  v_seat.changed_codes := '{}';
  return v_seat;
end;
$$;
comment on function rehearsal.make_seat(bigint, bigint) is 'A seat with nothing changed.';

create or replace function rehearsal.change_seat(
  p_seat rehearsal.seat,
  p_fields jsonb,
  p_default_price numeric,
  p_path text
)
returns rehearsal.seat
language plpgsql
stable
as $$
declare
  v_seat rehearsal.seat := p_seat;
begin
  v_seat.changes := nullif(p_fields, '{}');
  if p_fields -> 'price_per_lead' = 'null' then
    v_seat.changes := v_seat.changes || jsonb_build_object('price_per_lead', p_default_price);
  end if;
  if jsonb_typeof(p_fields -> 'schedule') = 'object' then
    perform catalog.check_hours(p_fields -> 'schedule', p_path || '.schedule');
    v_seat.schedule := catalog.compile_hours(p_fields -> 'schedule');
  end if;
  if jsonb_typeof(p_fields -> 'filters') = 'object' then
    perform catalog.check_tests(p_fields -> 'filters', p_path || '.filters');
    v_seat.tests := catalog.compile_tests(p_fields -> 'filters');
  end if;
  perform rehearsal.check_pause(p_fields, p_path);
  if p_fields ? 'min_balance_required' then
    v_seat.balance := (select b.balance from leadgen.buyers b where b.id = p_seat.buyer_id);
  end if;
  return rehearsal.change_limits(v_seat, p_fields);
end;
$$;
comment on function rehearsal.change_seat(rehearsal.seat, jsonb, numeric, text) is
  'A seat with changed columns of its enrollment, checked and compiled.';

create or replace function rehearsal.check_pause(p_fields jsonb, p_path text)
returns void
language plpgsql
stable
as $$
declare
  v_name text;
begin
  foreach v_name in array '{pause_from,pause_until}'::text[] loop
    if p_fields ->> v_name is not null then
      perform ref.read_timestamp(
        nullif(p_fields ->> v_name, case v_name when 'pause_until' then 'infinity' end), p_path || '.' || v_name);
    end if;
  end loop;
  perform catalog.check_pause(
    (p_fields ->> 'pause_from')::timestamptz, (p_fields ->> 'pause_until')::timestamptz, p_path || '.pause_from');
exception
  when sqlstate 'LG400' then
    perform kernel.refuse_value(p_path || '.' || v_name, p_fields ->> v_name,
      'a time with a zone, 2026-11-21T10:15:00Z' || case v_name when 'pause_until' then ', or infinity' else '' end);
end;
$$;
comment on function rehearsal.check_pause(jsonb, text) is
  'Raises LG423 for a pause_from or pause_until that is no time, or for a pause that an enrollment may not have.';

create or replace function rehearsal.change_limits(p_seat rehearsal.seat, p_fields jsonb)
returns rehearsal.seat
language plpgsql
immutable
as $$
declare
  v_seat rehearsal.seat := p_seat;
begin
  v_seat.changed_codes := array(
    select regexp_replace(replace(f, 'capacity', 'cap'), '_per_', '_')
    from jsonb_object_keys(p_fields) f
    where f ~ '^(capacity|budget)_per_');
  select l.codes, l.windows, l.is_money, l.caps
  into v_seat.limit_codes, v_seat.limit_windows, v_seat.limit_is_money, v_seat.limit_caps
  from catalog.list_limits(
    array(select (p_fields ->> ('capacity_per_' || w))::integer from unnest(kernel.list_windows()) w),
    (p_fields ->> 'budget_per_day')::numeric, (p_fields ->> 'budget_per_month')::numeric, '') l;
  return v_seat;
end;
$$;
comment on function rehearsal.change_limits(rehearsal.seat, jsonb) is
  'A seat with the limits that take the place of history''s: those of the changed columns that are not null.';

create or replace function rehearsal.seat_enrollments(p_offer leadgen.offers, p_changes jsonb)
returns rehearsal.seat[]
language plpgsql
stable
as $$
-- A changed default price is the price of whoever has none of its own. An end of a pause that is not changed is the
-- enrollment's; who is not paused until any time is not paused.
declare
  v_price constant numeric :=
    coalesce((p_changes ->> 'default_price_per_lead')::numeric, p_offer.default_price_per_lead);
  v_seats rehearsal.seat[] := array[rehearsal.make_seat(0, null)];
  v_seat rehearsal.seat;
  v_enrollment record;
  v_fields jsonb;
begin
  for v_enrollment in
    select bo.id, bo.buyer_id, bo.price_per_lead,
      jsonb_build_object('pause_from', nullif(bo.pause_from, '-infinity'), 'pause_until', bo.pause_until) as pause
    from leadgen.buyer_offers bo
    where bo.offer_id = p_offer.id
    order by bo.id
  loop
    v_fields := coalesce(p_changes -> 'enrollments' -> v_enrollment.id::text, '{}');
    if p_changes ? 'default_price_per_lead' and v_enrollment.price_per_lead is null then
      v_fields := jsonb_build_object('price_per_lead', v_price) || v_fields;
    end if;
    if v_fields -> 'pause_until' = 'null' then
      v_fields := '{"pause_from": null}' || v_fields;
    elsif v_fields ?| '{pause_from,pause_until}' then
      v_fields := v_enrollment.pause || v_fields;
    end if;
    v_seat := rehearsal.make_seat(v_enrollment.id, v_enrollment.buyer_id);
    v_seat.is_gone := coalesce((p_changes -> 'without') @> to_jsonb(v_enrollment.buyer_id), false);
    v_seats := v_seats || rehearsal.change_seat(v_seat, v_fields, v_price, 'changes.enrollments.' || v_enrollment.id);
  end loop;
  return v_seats;
end;
$$;
comment on function rehearsal.seat_enrollments(leadgen.offers, jsonb) is
  'The seats of a rehearsal: the offer as a whole (enrollment 0), then each enrollment with what is changed about it.';

create or replace function rehearsal.seat_newcomers(p_offer leadgen.offers, p_plan rehearsal.plan, p_changes jsonb)
returns rehearsal.seat[]
language plpgsql
stable
as $$
-- A newcomer's enrollment has a number above all there are, as a new row would.
declare
  c_first_id constant bigint := 9000000000000000;
  v_price constant numeric :=
    coalesce((p_changes ->> 'default_price_per_lead')::numeric, p_offer.default_price_per_lead);
  v_seats rehearsal.seat[] := '{}';
  v_seat rehearsal.seat;
  v_fields jsonb;
  v_number bigint;
  v_path text;
  v_buyer leadgen.buyers;
begin
  for v_fields, v_number in
    select w.value, w.ordinality
    from jsonb_array_elements(p_changes -> 'with') with ordinality as w
    order by w.ordinality
  loop
    v_path := format('changes.with[%s]', v_number - 1);
    select b.* into v_buyer from leadgen.buyers b where b.id = (v_fields ->> 'buyer_id')::bigint;
    if not found or exists (
      select from leadgen.buyer_offers bo where bo.offer_id = p_offer.id and bo.buyer_id = v_buyer.id) then
      perform kernel.refuse_value(v_path || '.buyer_id', v_fields ->> 'buyer_id',
        'a buyer that there is and that is not enrolled in the offer');
    end if;
    if exists (select from unnest(v_seats) s where s.buyer_id = v_buyer.id) then
      perform kernel.refuse_value(v_path || '.buyer_id', v_fields ->> 'buyer_id',
        'a buyer that is not in changes.with already');
    end if;
    v_seat := rehearsal.change_seat(
      rehearsal.make_seat(c_first_id + v_number, v_buyer.id),
      jsonb_build_object('price_per_lead', v_price) || (v_fields - '{buyer_id,service_areas}'::text[]),
      v_price, v_path);
    v_seat.areas := rehearsal.read_areas(p_plan, v_buyer.id, v_fields, v_path);
    v_seat.balance := v_buyer.balance;
    v_seat.new_flags := kernel.flag('enrollment_is_active') | kernel.flag('in_schedule')
      | case when v_buyer.is_active then kernel.flag('buyer_is_active') else 0 end
      | case when v_buyer.webhook_url is not null or v_buyer.email_notifications or v_buyer.sms_notifications
        then kernel.flag('is_reachable') else 0 end;
    v_seats := v_seats || v_seat;
  end loop;
  return v_seats;
end;
$$;
comment on function rehearsal.seat_newcomers(leadgen.offers, rehearsal.plan, jsonb) is
  'The seats of the buyers of "with", with the areas given, else those the buyer has in the market.';

create or replace function rehearsal.read_areas(p_plan rehearsal.plan, p_buyer_id bigint, p_fields jsonb, p_path text)
returns text[]
language plpgsql
stable
as $$
declare
  v_unknown record;
begin
  select s.value, s.ordinality - 1 as place into v_unknown
  from jsonb_array_elements_text(p_fields -> 'service_areas') with ordinality s
  where rehearsal.read_area(s.value, p_plan.country_code) is null
  limit 1;
  if found then
    perform kernel.refuse_value(format('%s.service_areas[%s]', p_path, v_unknown.place), to_json(v_unknown.value)::text,
      'a postal code of ' || p_plan.country_code || ', a prefix ending in *, * for the whole market, or a city');
  end if;
  return array(
    select rehearsal.read_area(a.scope, p_plan.country_code)
    from (
      select s.value as scope from jsonb_array_elements_text(p_fields -> 'service_areas') s
      union all
      select s.scope_value from leadgen.buyer_service_areas s
      where not p_fields ? 'service_areas'
        and s.buyer_id = p_buyer_id and s.market_id = p_plan.market_id and s.is_active
    ) a);
end;
$$;
comment on function rehearsal.read_areas(rehearsal.plan, bigint, jsonb, text) is
  'Where a newcomer works, as leads are compared with it: the service areas of its changes, else those its buyer has '
  'in the market.';

create or replace function rehearsal.seat_departed(p_plan rehearsal.plan, p_from timestamptz, p_to timestamptz)
returns rehearsal.plan
language plpgsql
stable
as $$
-- An enrollment that never took a lead may have been deleted; under other rules it would have taken some. Seats
-- stay sorted.
declare
  v_plan rehearsal.plan := p_plan;
begin
  v_plan.seats := array(
    select s.seat
    from (
      select rehearsal.make_seat(c.id, min(c.buyer_id)) as seat
      from rehearsal.list_candidates(p_plan.offer_id, p_plan.market_id, p_from, p_to) c
      where c.id <> all (p_plan.ids)
      group by c.id
      union all
      select t from unnest(p_plan.seats) t
    ) s
    order by (s.seat).buyer_offer_id);
  v_plan.ids := array(select s.buyer_offer_id from unnest(v_plan.seats) s);
  return v_plan;
end;
$$;
comment on function rehearsal.seat_departed(rehearsal.plan, timestamptz, timestamptz) is
  'A plan with seats for the enrollments of its period that are not there any more.';

create or replace function rehearsal.list_candidates(
  p_offer_id bigint,
  p_market_id bigint,
  p_from timestamptz,
  p_to timestamptz
)
returns table (id bigint, buyer_id bigint)
language sql
stable
as $$
  select v.buyer_offer_id, v.buyer_id
  from (
    select distinct unnest(s.enrollments) as id
    from (
      select distinct d.enrollments
      from leadgen.leads l
      join leadgen.lead_decisions d on d.lead_id = l.id and d.market_id = l.market_id
      where l.offer_id = p_offer_id and l.market_id = p_market_id and l.created_at >= p_from and l.created_at < p_to
    ) s
  ) e
  join leadgen.enrollment_versions v on v.buyer_offer_id = e.id and v.version = 1
  union
  select c.buyer_offer_id, c.buyer_id
  from leadgen.leads l
  join leadgen.lead_decisions d on d.lead_id = l.id and d.market_id = l.market_id and d.format = 1
  cross join lateral unnest(d.candidates) c
  where l.offer_id = p_offer_id and l.market_id = p_market_id and l.created_at >= p_from and l.created_at < p_to;
$$;
comment on function rehearsal.list_candidates(bigint, bigint, timestamptz, timestamptz) is
  'The enrollments that were judged for an offer''s leads of a period.';
