-- The terms of an enrollment: compiled for the road of a lead, versioned and archived when they change.

create or replace function catalog.list_limits(
  p_caps integer[],
  p_budget_day numeric,
  p_budget_month numeric,
  p_scope text,
  out codes text[],
  out windows text[],
  out is_money boolean[],
  out caps numeric[]
)
language plpgsql
immutable parallel safe
as $$
-- The columns are shorthands for such a list; null: no limit. Caps come before budgets, short windows before long ones.
begin
  select coalesce(array_agg(l.code order by l.place), '{}'), coalesce(array_agg(l.span order by l.place), '{}'),
    coalesce(array_agg(l.is_money order by l.place), '{}'), coalesce(array_agg(l.cap order by l.place), '{}')
  into codes, windows, is_money, caps
  from (
    select p_scope || 'cap_' || w.span as code, w.span, false as is_money, p_caps[w.place]::numeric as cap, w.place
    from unnest(kernel.list_windows()) with ordinality as w (span, place)
    union all
    values
      (p_scope || 'budget_day', 'day', true, p_budget_day, 101),
      (p_scope || 'budget_month', 'month', true, p_budget_month, 102)
  ) l
  where l.cap is not null;
  perform catalog.check_windows(windows);
end;
$$;
comment on function catalog.list_limits(integer[], numeric, numeric, text) is
  'Caps (in the order of kernel.list_windows) and budgets as a list of limits: codes such as cap_day, with the scope '
  'before them (empty, or offer_). LG423 for a window that is not counted.';

create or replace function catalog.list_limit_codes()
returns text[]
language plpgsql
immutable parallel safe
as $$
begin
  return (catalog.list_limits(array_fill(1, array[cardinality(kernel.list_windows())]), 1, 1, '')).codes;
end;
$$;
comment on function catalog.list_limit_codes() is 'The code of each limit that there may be, in the order of a list.';

create or replace function catalog.check_windows(p_windows text[])
returns void
language plpgsql
immutable parallel safe
as $$
-- A limit that nobody counts would never be full. Limits of other windows come with counters for them.
begin
  if not p_windows <@ kernel.list_windows() then
    perform kernel.refuse_choice('limit_windows', w.span, w.span, kernel.list_windows())
    from unnest(p_windows) w (span)
    where w.span <> all (kernel.list_windows());
  end if;
end;
$$;
comment on function catalog.check_windows(text[]) is
  'Raises LG423 for a limit in a window in which nothing is counted, with those that are (kernel.list_windows).';

create or replace function catalog.version_enrollment()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
-- After fill_enrollment, which compiles schedule and filters.
begin
  perform catalog.check_pause(new.pause_from, new.pause_until, 'pause_from');
  select l.codes, l.windows, l.is_money, l.caps
  into new.limit_codes, new.limit_windows, new.limit_is_money, new.limit_caps
  from catalog.list_limits(
    array[new.capacity_per_hour, new.capacity_per_day, new.capacity_per_week, new.capacity_per_month],
    new.budget_per_day, new.budget_per_month, '') l;
  perform catalog.check_windows(new.limit_windows);
  new.compiled_filter := catalog.join_tests(new.compiled_filters);
  if tg_op = 'INSERT' then
    new.version := 1;
  else
    new.version := old.version + (
      (old.is_active, old.routing_priority, old.weight, old.price_per_lead, old.min_balance_required, old.timezone,
        old.pause_from, old.pause_until, old.compiled_schedule, old.limit_codes, old.limit_caps, old.filters)
      is distinct from
      (new.is_active, new.routing_priority, new.weight, new.price_per_lead, new.min_balance_required, new.timezone,
        new.pause_from, new.pause_until, new.compiled_schedule, new.limit_codes, new.limit_caps, new.filters))::integer;
  end if;
  return new;
end;
$$;
comment on function catalog.version_enrollment() is
  'Trigger: an enrollment''s limits as a list, its filters as one '
  'predicate, and a higher version when its terms changed.';

create or replace function catalog.archive_enrollment()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  insert into leadgen.enrollment_versions (
    changed_by, buyer_offer_id, version, buyer_id, is_active, routing_priority, weight, price_per_lead,
    min_balance_required, timezone, pause_from, pause_until, compiled_schedule, limit_codes, limit_windows,
    limit_is_money, limit_caps, filters
  )
  values (
    concat_ws(', ', session_user, nullif(current_setting('leadgen.actor', true), '')),
    new.id, new.version, new.buyer_id, new.is_active, new.routing_priority, new.weight, new.price_per_lead,
    new.min_balance_required, new.timezone, new.pause_from, new.pause_until, new.compiled_schedule, new.limit_codes,
    new.limit_windows, new.limit_is_money, new.limit_caps, new.filters
  )
  on conflict (buyer_offer_id, version) do nothing;
  return null;
end;
$$;
comment on function catalog.archive_enrollment() is
  'Trigger: keeps the terms that an enrollment ever had, with who wrote them and when.';

create or replace function catalog.join_tests(p_tests kernel.field_test[])
returns jsonpath
language plpgsql
immutable
as $$
begin
  return (select string_agg('(' || t.path::text || ')', ' && ' order by t.field) from unnest(p_tests) t)::jsonpath;
end;
$$;
comment on function catalog.join_tests(kernel.field_test[]) is
  'Compiled conditions as one predicate that holds when all of them do; null: there are none.';

create or replace function catalog.list_offer_limits(
  p_settings kernel.routing_settings,
  out codes text[],
  out windows text[],
  out is_money boolean[],
  out caps numeric[]
)
language plpgsql
immutable
as $$
-- Most offers have none.
begin
  if num_nonnulls(p_settings.cap_hour, p_settings.cap_day, p_settings.cap_week, p_settings.cap_month,
    p_settings.budget_day, p_settings.budget_month) = 0 then
    codes := '{}';
    windows := '{}';
    is_money := '{}';
    caps := '{}';
    return;
  end if;
  select l.codes, l.windows, l.is_money, l.caps into codes, windows, is_money, caps
  from catalog.list_limits(
    array[p_settings.cap_hour, p_settings.cap_day, p_settings.cap_week, p_settings.cap_month],
    p_settings.budget_day, p_settings.budget_month, 'offer_') l;
end;
$$;
comment on function catalog.list_offer_limits(kernel.routing_settings) is
  'A routing policy''s caps on the offer as a list of limits.';
