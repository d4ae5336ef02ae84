-- What an owner of a buyer sets of its enrollment: caps, budgets and hours, as a form sends them.

create or replace function catalog.lock_own_terms(p_enrollment_id bigint, p_version bigint, p_what text)
returns void
language plpgsql
volatile
as $$
-- The version is the one whose terms were shown: whoever edits in a second window is told.
declare
  v_enrollment constant leadgen.buyer_offers := catalog.lock_enrollment(p_enrollment_id);
begin
  if p_what <> all (v_enrollment.buyer_may_set) then
    perform kernel.refuse('LG409', format('You cannot change the %s of this enrollment', p_what), 'buyer_may_set',
      coalesce(nullif(array_to_string(v_enrollment.buyer_may_set, ', '), ''), 'nothing'), p_what,
      'Ask whoever runs the market.');
  elsif v_enrollment.version is distinct from p_version then
    perform kernel.refuse('LG409', 'The terms were changed since this page was opened', 'version',
      coalesce(p_version::text, 'nothing'), v_enrollment.version::text, 'Look at them as they are now.');
  end if;
end;
$$;
comment on function catalog.lock_own_terms(bigint, bigint, text) is
  'Locks an enrollment whose buyer changes its limits or hours. LG409 where the enrollment does not let it, and when '
  'another version is in force.';

create or replace function catalog.set_own_limits(p_enrollment_id bigint, p_version bigint, p_limits jsonb)
returns void
language plpgsql
volatile
as $$
declare
  c_names constant text[] := '{capacity_per_hour,capacity_per_day,capacity_per_week,capacity_per_month,budget_per_day,'
    'budget_per_month}';
begin
  perform catalog.lock_own_terms(p_enrollment_id, p_version, 'limits');
  if jsonb_typeof(p_limits) is distinct from 'object' or p_limits - c_names <> '{}' then
    perform kernel.refuse('LG400', 'The limits cannot be read', 'limits', 'another field',
      array_to_string(c_names, ', '));
  end if;
  update leadgen.buyer_offers bo
  set
    capacity_per_hour = catalog.read_limit(p_limits, 'capacity_per_hour'),
    capacity_per_day = catalog.read_limit(p_limits, 'capacity_per_day'),
    capacity_per_week = catalog.read_limit(p_limits, 'capacity_per_week'),
    capacity_per_month = catalog.read_limit(p_limits, 'capacity_per_month'),
    budget_per_day = catalog.read_limit(p_limits, 'budget_per_day'),
    budget_per_month = catalog.read_limit(p_limits, 'budget_per_month')
  where bo.id = p_enrollment_id;
end;
$$;
comment on function catalog.set_own_limits(bigint, bigint, jsonb) is
  'Sets the caps and budgets of an enrollment, all of them: {"capacity_per_day": "5"}; what is missing or empty is no '
  'limit. LG400 names the field that cannot be; see lock_own_terms.';

create or replace function catalog.read_limit(p_limits jsonb, p_name text)
returns numeric
language plpgsql
immutable
as $$
declare
  v_text constant text := nullif(ref.collapse_space(p_limits ->> p_name), '');
  v_is_money constant boolean := p_name like 'budget%';
begin
  if v_text !~ (case when v_is_money then E'^[0-9]{1,8}(\\.[0-9]{1,2})?$' else '^[0-9]{1,6}$' end) then
    perform kernel.refuse('LG400', 'The limit cannot be kept', p_name, left(v_text, 30), case
      when v_is_money then 'an amount from 0 to 99999999.99, such as 250.00, or nothing'
      else 'a whole number from 0 to 999999, or nothing' end);
  end if;
  return v_text::numeric;
end;
$$;
comment on function catalog.read_limit(jsonb, text) is
  'A cap or a budget as a form sends it; null: none. LG400 for what is no such number.';

create or replace function catalog.set_own_hours(p_enrollment_id bigint, p_version bigint, p_days jsonb)
returns void
language plpgsql
volatile
as $$
begin
  perform catalog.lock_own_terms(p_enrollment_id, p_version, 'hours');
  update leadgen.buyer_offers bo
  set schedule = catalog.read_days(p_days)
  where bo.id = p_enrollment_id;
end;
$$;
comment on function catalog.set_own_hours(bigint, bigint, jsonb) is
  'Sets the hours of an enrollment: {"mon": "08:00-12:00, 13:00-18:00"}, a day that is missing or empty is closed; '
  'null: always open. LG400 names the day that cannot be; see lock_own_terms.';

create or replace function catalog.read_days(p_days jsonb)
returns jsonb
language plpgsql
immutable
as $$
declare
  c_days constant text[] := '{mon,tue,wed,thu,fri,sat,sun}';
  v_hours jsonb;
begin
  if p_days is null then
    return null;
  elsif jsonb_typeof(p_days) <> 'object' or p_days - c_days <> '{}' then
    perform kernel.refuse('LG400', 'The hours cannot be read', 'hours', 'another field', array_to_string(c_days, ', '));
  end if;
  select jsonb_object_agg(d.name, catalog.read_ranges(d.name, d.ranges)) into v_hours
  from jsonb_each_text(p_days) d (name, ranges)
  where ref.collapse_space(d.ranges) <> '';
  if v_hours is null then
    perform kernel.refuse('LG400', 'The hours would never be open', 'mon', 'no hours in the week',
      'hours of one day at least, or always');
  end if;
  return v_hours;
end;
$$;
comment on function catalog.read_days(jsonb) is
  'The hours of a week as a form sends them, as hours of a schedule; null: always. LG400 names the day that cannot be.';

create or replace function catalog.read_ranges(p_day text, p_text text)
returns jsonb
language plpgsql
immutable
as $$
-- 24:00 is an end. Hours that pass midnight end before they begin.
declare
  c_time constant text := '(?:[0-9]|[01][0-9]|2[0-3]):[0-5][0-9]';
  c_range constant text := format('^(%1$s) ?(?:-|–|to) ?(%1$s|24:00)$', c_time);
  v_ranges jsonb;
  v_are_hours boolean := false;
begin
  if length(p_text) <= 200 then -- before it is taken apart: 200,000 commas take four seconds
    select jsonb_agg(jsonb_build_array(r.opens, r.closes) order by r.place), bool_and((r.opens <> r.closes) is true)
    into v_ranges, v_are_hours
    from (
      select p.place, lpad(m.times[1], 5, '0') as opens, lpad(m.times[2], 5, '0') as closes
      from regexp_split_to_table(ref.collapse_space(p_text), ' ?[,;] ?') with ordinality as p (piece, place)
      cross join lateral (select regexp_match(p.piece, c_range) as times) m
    ) r;
  end if;
  if not v_are_hours then
    perform kernel.refuse('LG400', 'The hours cannot be kept', p_day, left(p_text, 50),
      'hours such as 08:00-12:00, 13:00-18:00, or nothing');
  end if;
  return v_ranges;
end;
$$;
comment on function catalog.read_ranges(text, text) is
  'The hours of a day as somebody typed them, as ranges of a schedule. LG400 for what is none.';
