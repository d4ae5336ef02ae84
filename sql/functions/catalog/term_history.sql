-- The versions of an enrollment's and of an offer's terms: what changed, and the way back.

create or replace function catalog.enrollment_history(p_id bigint)
returns table (version integer, changed_at timestamptz, changed_by text, changes text)
language plpgsql
stable
as $$
begin
  return query select t.* from catalog.list_latest_terms(p_id, null) t;
end;
$$;
comment on function catalog.enrollment_history(bigint) is 'The work of leadgen.enrollment_history.';

create or replace function catalog.list_latest_terms(p_id bigint, p_most integer)
returns table (version integer, changed_at timestamptz, changed_by text, changes text)
language plpgsql
stable
as $$
-- One version more is described than shown: for what changed. A buyer who pauses and resumes makes thousands.
begin
  return query
  select v.version, v.changed_at, v.changed_by, catalog.describe_changes(v.previous, v.terms)
  from (
    select e.version, e.changed_at, e.changed_by, t.terms, lag(t.terms) over (order by e.version) as previous
    from leadgen.enrollment_versions e
    cross join lateral catalog.describe_terms(e) as t (terms)
    where e.buyer_offer_id = p_id and (p_most is null or e.version >= coalesce((
      select x.version from leadgen.enrollment_versions x where x.buyer_offer_id = p_id
      order by x.version desc offset p_most limit 1), 0))
  ) v
  order by v.version desc
  limit p_most;
end;
$$;
comment on function catalog.list_latest_terms(bigint, integer) is
  'The latest versions of an enrollment''s terms, newest first; null: all of them.';

create or replace function catalog.offer_history(p_id bigint)
returns table (version integer, changed_at timestamptz, changed_by text, changes text)
language plpgsql
stable
as $$
begin
  return query
  select v.version, v.changed_at, v.changed_by,
    case
      when v.previous is null and v.changed_by = 'migration' then 'as it was at the upgrade'
      else catalog.describe_changes(v.previous, v.terms)
    end
  from (
    select o.version, o.changed_at, o.changed_by, t.terms, lag(t.terms) over (order by o.version) as previous
    from leadgen.offer_versions o
    cross join lateral catalog.describe_offer(o) as t (terms)
    where o.offer_id = p_id
  ) v
  order by v.version desc;
end;
$$;
comment on function catalog.offer_history(bigint) is 'The work of leadgen.offer_history.';

create or replace function catalog.describe_changes(p_before jsonb, p_after jsonb)
returns text
language plpgsql
immutable
as $$
begin
  return case
    when p_before is null then 'created'
    else (
      select string_agg(catalog.describe_change(d.path, d.before, d.after), E'\n' order by d.ordinality)
      from catalog.diff_json(p_before, p_after) with ordinality as d)
  end;
end;
$$;
comment on function catalog.describe_changes(jsonb, jsonb) is
  'What changed from one version to the next, one line a path; null: the same. The first is "created".';

create or replace function catalog.describe_terms(p_version leadgen.enrollment_versions)
returns jsonb
language plpgsql
stable
as $$
-- By the names of the columns that a DBA writes; what is null is left out.
declare
  v_limits constant jsonb := (
    select jsonb_object_agg(regexp_replace(replace(l.code, 'cap_', 'capacity_'), '_', '_per_'), l.cap)
    from unnest(p_version.limit_codes, p_version.limit_caps) as l (code, cap));
  v_terms constant jsonb := jsonb_build_object(
    'is_active', p_version.is_active, 'routing_priority', p_version.routing_priority, 'weight', p_version.weight,
    'price_per_lead', p_version.price_per_lead, 'min_balance_required', p_version.min_balance_required,
    'timezone', p_version.timezone, 'pause_from', kernel.write_instant(p_version.pause_from),
    'pause_until', kernel.write_instant(p_version.pause_until),
    'schedule', catalog.list_hours(p_version.compiled_schedule), 'filters', p_version.filters)
    || coalesce(v_limits, '{}');
begin
  return (select jsonb_object_agg(t.key, t.value) from jsonb_each(v_terms) t where t.value <> 'null');
end;
$$;
comment on function catalog.describe_terms(leadgen.enrollment_versions) is
  'The terms of a version of an enrollment by the columns of leadgen.buyer_offers, those that are null left out.';

create or replace function catalog.describe_offer(p_version leadgen.offer_versions)
returns jsonb
language plpgsql
stable
as $$
begin
  return jsonb_strip_nulls(to_jsonb(p_version) - '{offer_id,version,changed_at,changed_by}'::text[]);
end;
$$;
comment on function catalog.describe_offer(leadgen.offer_versions) is
  'The terms of a version of an offer by the columns of leadgen.offers, those that are null left out.';

create or replace function catalog.list_hours(p_open int4multirange)
returns jsonb
language plpgsql
immutable strict
as $$
declare
  c_days constant text[] := '{mon,tue,wed,thu,fri,sat,sun}';
begin
  return (
    select jsonb_object_agg(h.name, h.ranges)
    from (
      select c_days[d + 1] as name, jsonb_agg(
        jsonb_build_array(catalog.show_minute(lower(p.part) - d * 1440), catalog.show_minute(upper(p.part) - d * 1440))
        order by p.part) as ranges
      from generate_series(0, 6) d
      cross join unnest(p_open) r (open)
      cross join lateral (select r.open * int4range(d * 1440, (d + 1) * 1440) as part) p
      where not isempty(p.part)
      group by d
    ) h
  );
end;
$$;
comment on function catalog.list_hours(int4multirange) is
  'Minutes of the week as hours by day, {"mon": [["08:00", "18:00"]], ...}: what catalog.compile_hours makes minutes '
  'of. A range that passes midnight is two.';

create or replace function catalog.show_minute(p_minute integer)
returns text
language plpgsql
immutable strict
as $$
begin
  return lpad((p_minute / 60)::text, 2, '0') || ':' || lpad((p_minute % 60)::text, 2, '0');
end;
$$;
comment on function catalog.show_minute(integer) is 'A minute of the day as a time: 480 is 08:00, 1440 is 24:00.';

create or replace function catalog.roll_back_enrollment(p_id bigint, p_version integer)
returns integer
language plpgsql
volatile
as $$
-- Hours that are the same stay as they are written.
declare
  v_now leadgen.buyer_offers;
  v_old leadgen.enrollment_versions;
  v_terms jsonb;
  v_version integer;
begin
  select bo.* into v_now from leadgen.buyer_offers bo where bo.id = p_id for no key update;
  select v.* into v_old from leadgen.enrollment_versions v where v.buyer_offer_id = p_id and v.version = p_version;
  if v_now.id is null or v_old.version is null then
    perform kernel.refuse('LG404', 'The enrollment or its version does not exist', 'version',
      format('enrollment %s, version %s', p_id, p_version), 'a version that leadgen.enrollment_history lists');
  end if;
  v_terms := catalog.describe_terms(v_old);
  update leadgen.buyer_offers bo
  set
    is_active = v_old.is_active, routing_priority = v_old.routing_priority, weight = v_old.weight,
    price_per_lead = v_old.price_per_lead, min_balance_required = v_old.min_balance_required,
    timezone = v_old.timezone, pause_from = v_old.pause_from, pause_until = v_old.pause_until,
    schedule = case
      when v_now.compiled_schedule is not distinct from v_old.compiled_schedule then v_now.schedule
      else v_terms -> 'schedule'
    end,
    filters = v_old.filters,
    capacity_per_hour = (v_terms ->> 'capacity_per_hour')::integer,
    capacity_per_day = (v_terms ->> 'capacity_per_day')::integer,
    capacity_per_week = (v_terms ->> 'capacity_per_week')::integer,
    capacity_per_month = (v_terms ->> 'capacity_per_month')::integer,
    budget_per_day = (v_terms ->> 'budget_per_day')::numeric,
    budget_per_month = (v_terms ->> 'budget_per_month')::numeric
  where bo.id = p_id
  returning bo.version into v_version;
  if v_version = v_now.version then
    perform kernel.refuse('LG409', 'The enrollment already has the terms of that version', 'version', p_version::text,
      'a version that differs from the current one');
  end if;
  return v_version;
end;
$$;
comment on function catalog.roll_back_enrollment(bigint, integer) is 'The work of leadgen.roll_back_enrollment.';

create or replace function catalog.roll_back_offer(p_id bigint, p_version integer)
returns integer
language plpgsql
volatile
as $$
declare
  v_now leadgen.offer_versions;
  v_old leadgen.offer_versions;
begin
  perform from leadgen.offers o where o.id = p_id for no key update;
  select v.* into v_now from leadgen.offer_versions v where v.offer_id = p_id order by v.version desc limit 1;
  select v.* into v_old from leadgen.offer_versions v where v.offer_id = p_id and v.version = p_version;
  if v_old.version is null then
    perform kernel.refuse('LG404', 'The offer or its version does not exist', 'version',
      format('offer %s, version %s', p_id, p_version), 'a version that leadgen.offer_history lists');
  elsif catalog.describe_offer(v_old) = catalog.describe_offer(v_now) then
    perform kernel.refuse('LG409', 'The offer already has the terms of that version', 'version', p_version::text,
      'a version that differs from the current one');
  end if;
  perform catalog.check_policies(v_old);
  update leadgen.offers o
  set
    is_active = v_old.is_active, default_price_per_lead = v_old.default_price_per_lead,
    validation_policy_id = v_old.validation_policy_id, routing_policy_id = v_old.routing_policy_id,
    pricing_policy_id = v_old.pricing_policy_id
  where o.id = p_id;
  return v_now.version + 1;
end;
$$;
comment on function catalog.roll_back_offer(bigint, integer) is 'The work of leadgen.roll_back_offer.';

create or replace function catalog.check_policies(p_version leadgen.offer_versions)
returns void
language plpgsql
stable
as $$
-- A policy that no offer has any more and that no lead was judged by may be deleted.
declare
  v_gone constant text := concat_ws(', ',
    case when not exists (select from leadgen.validation_policies p where p.id = p_version.validation_policy_id) then
      'validation policy ' || p_version.validation_policy_id end,
    case when not exists (select from leadgen.routing_policies p where p.id = p_version.routing_policy_id) then
      'routing policy ' || p_version.routing_policy_id end,
    case when not exists (select from leadgen.pricing_policies p where p.id = p_version.pricing_policy_id) then
      'pricing policy ' || p_version.pricing_policy_id end);
begin
  if v_gone <> '' then
    perform kernel.refuse('LG409', format('Version %s of the offer has a policy that was deleted: %s',
      p_version.version, v_gone), 'version', p_version.version::text, 'a version whose policies there are');
  end if;
end;
$$;
comment on function catalog.check_policies(leadgen.offer_versions) is
  'Raises LG409 for a version of an offer of which a policy was deleted.';

create or replace function catalog.archive_offer()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
-- The row is locked by who writes it, so nobody else takes the number.
declare
  v_last integer := 0;
begin
  if tg_op = 'UPDATE' then
    if (old.is_active, old.default_price_per_lead, old.validation_policy_id, old.routing_policy_id,
        old.pricing_policy_id)
      is not distinct from (new.is_active, new.default_price_per_lead, new.validation_policy_id, new.routing_policy_id,
        new.pricing_policy_id) then
      return null;
    end if;
    v_last := coalesce((select max(v.version) from leadgen.offer_versions v where v.offer_id = new.id), 0);
  end if;
  insert into leadgen.offer_versions (
    offer_id, version, is_active, default_price_per_lead, validation_policy_id, routing_policy_id, pricing_policy_id
  )
  values (
    new.id, v_last + 1, new.is_active, new.default_price_per_lead, new.validation_policy_id, new.routing_policy_id,
    new.pricing_policy_id
  );
  return null;
end;
$$;
comment on function catalog.archive_offer() is
  'Trigger: keeps the price and the policies that an offer ever had, with who wrote them and when.';
