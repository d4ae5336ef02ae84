-- An enrollment on its page: terms, limits, hours of the week, areas with the places that they cover, exclusivities.

create or replace function console.show_enrollment(p_id bigint, p_text text, p_now timestamptz)
returns jsonb
language plpgsql
stable
as $$
declare
  v_enrollment leadgen.buyer_offers;
  v_market_id bigint;
begin
  select e.* into v_enrollment from leadgen.buyer_offers e where e.id = p_id;
  if not found then
    perform kernel.refuse('LG404', 'There is no such enrollment', 'id', coalesce(p_id::text, 'nothing'),
      'the id of an enrollment');
  end if;
  select o.market_id into v_market_id from leadgen.offers o where o.id = v_enrollment.offer_id;
  return jsonb_build_object(
    'enrollment', console.describe_enrollment(v_enrollment, p_now),
    'hours', console.list_open_hours(v_enrollment.compiled_schedule),
    'hours_stamp', catalog.stamp_form_row(coalesce(v_enrollment.schedule, 'null')),
    'areas', console.describe_areas(v_enrollment.buyer_id, v_market_id),
    'pasted', case when p_text is not null then
      catalog.compare_areas(v_enrollment.buyer_id, v_market_id, p_text) end,
    'exclusivities', console.list_exclusivities(v_enrollment),
    'history', (
      select coalesce(jsonb_agg(to_jsonb(h) order by h.version desc), '[]')
      from catalog.list_latest_terms(p_id, 20) h));
end;
$$;
comment on function console.show_enrollment(bigint, text, timestamptz) is
  'All of an enrollment for its page; with a pasted list of areas (p_text), what saving it would change. LG404 for '
  'none.';

create or replace function console.list_open_hours(p_open int4multirange)
returns text
language sql
immutable
as $$
  select string_agg(case
    when p_open is null or h.span <@ p_open then '1'
    when isempty(p_open * int4multirange(h.span)) then '0'
    else '2' end, '' order by h.n)
  from (select n, int4range(n * 60, n * 60 + 60) as span from generate_series(0, 167) n) h;
$$;
comment on function console.list_open_hours(int4multirange) is
  'The hours of a week from Monday 00:00, a character each: 0 closed, 1 open, 2 open in part. Null: always open.';

create or replace function console.describe_areas(p_buyer_id bigint, p_market_id bigint)
returns jsonb
language sql
stable
as $$
-- As many points as a small map shows apart: places that fall on one another are one.
  with areas as materialized (
    select a.scope_type::text as type, a.scope_key::text as key, a.scope_value::text as value
    from leadgen.buyer_service_areas a
    where a.buyer_id = p_buyer_id and a.market_id = p_market_id and a.is_active
  ),
  places as materialized (
    select distinct p.postal_code, p.longitude, p.latitude
    from leadgen.markets m
    cross join lateral console.find_places(m.country_code,
      array(select a.type from areas a), array(select a.key from areas a)) p
    where m.id = p_market_id
  )
  select jsonb_build_object(
    'stamp', catalog.stamp_areas(p_buyer_id, p_market_id),
    'text', (
      select coalesce(string_agg(a.value, E'\n' order by a.type desc, a.key collate "C"), '') from areas a),
    'count', (select count(*) from areas),
    'is_whole_market', exists (select from areas a where a.key = '*'),
    'places', (select count(*) from places),
    'points', (
      select coalesce(jsonb_agg(jsonb_build_array(d.longitude, d.latitude) order by d.longitude, d.latitude), '[]')
      from (
        select distinct round(p.longitude::numeric, 2) as longitude, round(p.latitude::numeric, 2) as latitude
        from places p
        where p.longitude is not null and p.latitude is not null
        limit 2000
      ) d));
$$;
comment on function console.describe_areas(bigint, bigint) is
  'Where a buyer works in a market: its areas as text, a line each, how many postal codes these are, and their '
  'centroids, 2,000 at most.';

create or replace function console.find_places(p_country_code text, p_types text[], p_keys text[])
returns table (scope bigint, postal_code text, longitude double precision, latitude double precision)
language plpgsql
stable
as $$
-- Codes and cities are probes by key. Prefixes are joined by their lengths, of which there are few; a star alone is
-- everywhere, and has no places of its own.
declare
  v_country constant text := ref.find_postal_country(p_country_code);
begin
  return query
  with scopes as materialized (
    select s.n, s.type, s.key, left(s.key, -1) as prefix, s.key like '%*' as is_prefix
    from unnest(p_types, p_keys) with ordinality as s (type, key, n)
    where s.key <> '*'
  )
  select s.n, p.postal_code, p.longitude, p.latitude
  from scopes s
  join leadgen.postal_places p on p.country_code = v_country and p.postal_code = s.key
  where s.type = 'postal_code' and not s.is_prefix
  union all
  select s.n, p.postal_code, p.longitude, p.latitude
  from (select distinct length(x.prefix) as most from scopes x where x.is_prefix) l
  join leadgen.postal_places p on p.country_code = v_country
  join scopes s on s.is_prefix and s.prefix = left(p.postal_code, l.most)
  union all
  select s.n, p.postal_code, p.longitude, p.latitude
  from scopes s
  join leadgen.postal_places p on p.country_code = v_country and p.city_keys @> array[s.key]
  where s.type = 'city';
end;
$$;
comment on function console.find_places(text, text[], text[]) is
  'The postal codes that each of some areas covers (scope: the place of the area in the list), with their centroids; '
  'of the area * none.';

create or replace function console.list_exclusivities(p_enrollment leadgen.buyer_offers)
returns jsonb
language sql
stable
as $$
-- A place of its own in which it does not work gives it nothing; a place of another in which it works, neither.
  with areas as materialized (
    select a.scope_type::text as type, a.scope_key::text as key, m.country_code
    from leadgen.offers o
    join leadgen.markets m on m.id = o.market_id
    join leadgen.buyer_service_areas a on a.market_id = m.id and a.buyer_id = p_enrollment.buyer_id and a.is_active
    where o.id = p_enrollment.offer_id
  ),
  owned as materialized (
    select row_number() over (order by w.is_own desc, w.id) as n, w.*
    from (
      select e.*, e.buyer_id = p_enrollment.buyer_id as is_own from leadgen.offer_exclusivities e
      where e.offer_id = p_enrollment.offer_id and e.is_active
      order by is_own desc, e.id
      limit 1000
    ) w
  ),
  country as (select max(a.country_code) as code from areas a),
  covered as materialized (
    select distinct p.postal_code
    from country g
    cross join lateral console.find_places(g.code,
      array(select a.type from areas a), array(select a.key from areas a)) p
  ),
  shared as materialized (
    select p.scope, count(*) as places
    from country g
    cross join lateral console.find_places(g.code, array(select x.scope_type::text from owned x order by x.n),
      array(select x.scope_key::text from owned x order by x.n)) p
    join covered c using (postal_code)
    group by p.scope
  )
  select coalesce(jsonb_agg(jsonb_build_object(
    'id', x.id, 'buyer_id', x.buyer_id, 'buyer', b.name, 'scope_type', x.scope_type, 'scope_value', x.scope_value,
    'is_own', x.is_own, 'places', s.places, 'is_conflict', x.is_own <> i.is_inside) order by x.n), '[]')
  from owned x
  join leadgen.buyers b on b.id = x.buyer_id
  left join shared s on s.scope = x.n
  cross join lateral (
    select s.places is not null or exists (
      select from areas a where a.key = '*' or (a.type, a.key) = (x.scope_type, x.scope_key)) as is_inside
  ) i
  where x.is_own or i.is_inside;
$$;
comment on function console.list_exclusivities(leadgen.buyer_offers) is
  'Exclusivities that matter to an enrollment: its buyer''s own, and those of others where it works; is_conflict: it '
  'gets no lead by it, or none there.';
