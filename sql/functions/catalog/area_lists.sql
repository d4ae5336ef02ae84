-- Lists of areas as people paste them: postal codes, prefixes and cities, read, compared with what there is, and saved.

create or replace function catalog.read_area_list(p_text text, p_country_code text)
returns table (line bigint, written text, scope_type text, scope_key text, is_known boolean, allowed text)
language plpgsql
stable
as $$
-- What has a digit or a star is a postal code, all else a city. Codes of digits alone may be apart by blanks.
declare
  c_longest constant integer := 200000;
  c_most constant integer := 5000;
  v_country constant text := ref.find_postal_country(p_country_code);
  v_has_places constant boolean := exists (select from leadgen.postal_places p where p.country_code = v_country);
  v_count bigint;
begin
  if length(p_text) > c_longest then
    perform kernel.refuse('LG400', 'The list is too long', 'areas', kernel.count_of(length(p_text), 'character'),
      format('at most %s characters', c_longest));
  end if;
  return query
  with entries as materialized (
    select l.line, ref.collapse_space(e.entry) as written, e.entry ~ '[0-9*]' as is_code
    from string_to_table(replace(p_text, E'\r', ''), E'\n') with ordinality as l (text, line)
    cross join lateral regexp_split_to_table(l.text,
      case when l.text ~ E'^[0-9*,;\\s-]+$' then E'[,;\\s]+' else E'[,;\t]' end) as e (entry)
    where ref.collapse_space(e.entry) <> ''
    limit c_most + 1
  ),
  keyed as materialized (
    select e.*,
      case when e.is_code then ref.normalize_postal_code(e.written, p_country_code)
        else ref.normalize_city(e.written) end as key
    from entries e
  ),
  cities as materialized (
    select c.key, exists (
      select from leadgen.postal_places p where p.country_code = v_country and p.city_keys @> array[c.key]) as is_known
    from (select distinct k.key from keyed k where not k.is_code and k.key is not null) c
  )
  select k.line, k.written, case when k.is_code then 'postal_code' else 'city' end, k.key,
    case
      when not v_has_places or k.key like '%*' then true
      when k.is_code then p.postal_code is not null
      else c.is_known end,
    case
      when length(k.written) > 64 then 'at most 64 characters'
      when k.is_code and (k.key ~ E'^[A-Z0-9 -]*\\*$' or ref.is_postal_code(k.key, p_country_code)) is not true then
        format('a postal code of %s, a prefix ending in *, or * for the whole market', p_country_code)
      when not k.is_code and (k.key is null or v_has_places and not c.is_known) then
        format('a city that has a postal code in %s', p_country_code) end
  from keyed k
  left join cities c on not k.is_code and c.key = k.key
  left join leadgen.postal_places p on k.is_code and p.country_code = v_country and p.postal_code = k.key;
  get diagnostics v_count = row_count;
  if v_count > c_most then
    perform kernel.refuse('LG400', 'The list is too long', 'areas', 'more entries', format('at most %s', c_most));
  end if;
end;
$$;
comment on function catalog.read_area_list(text, text) is
  'What a pasted list of areas says, entry by entry: line, what is written, postal_code or city, its key, whether '
  'places know it, and what would be allowed where it cannot be taken. Entries are apart by lines, commas, semicolons '
  'or tabs. LG400 for more than 200,000 characters or 5,000 entries.';

create or replace function catalog.stamp_areas(p_buyer_id bigint, p_market_id bigint)
returns text
language sql
stable
as $$
  select md5(coalesce(string_agg(format('%s %s', a.scope_type, a.scope_key), ','
    order by a.scope_type collate "C", a.scope_key collate "C"), ''))
  from leadgen.buyer_service_areas a
  where a.buyer_id = p_buyer_id and a.market_id = p_market_id and a.is_active;
$$;
comment on function catalog.stamp_areas(bigint, bigint) is
  'What stands for the areas of a buyer in a market as they are now; see catalog.stamp_form_row.';

create or replace function catalog.compare_areas(p_buyer_id bigint, p_market_id bigint, p_text text)
returns jsonb
language sql
stable
as $$
  with said as materialized (
    select r.*
    from leadgen.markets m
    cross join lateral catalog.read_area_list(p_text, m.country_code) r
    where m.id = p_market_id
  ),
  good as materialized (
    select distinct on (s.scope_type, s.scope_key) s.* from said s where s.allowed is null
    order by s.scope_type, s.scope_key, s.line
  ),
  held as materialized (
    select distinct a.scope_type::text, a.scope_key::text from leadgen.buyer_service_areas a
    where a.buyer_id = p_buyer_id and a.market_id = p_market_id and a.is_active
  )
  select jsonb_build_object(
    'entries', (select count(*) from said),
    'postal_codes', (select count(*) from good g where g.scope_type = 'postal_code' and g.scope_key not like '%*'),
    'prefixes', (select count(*) from good g where g.scope_key like '%*'),
    'cities', (select count(*) from good g where g.scope_type = 'city'),
    'repeated', (select count(*) from said s where s.allowed is null) - (select count(*) from good),
    'added', (select count(*) from good g where not exists (
      select from held h where (h.scope_type, h.scope_key) = (g.scope_type, g.scope_key))),
    'removed', (select count(*) from held h where not exists (
      select from good g where (h.scope_type, h.scope_key) = (g.scope_type, g.scope_key))),
    'bad', (select count(*) from said s where s.allowed is not null),
    'faults', (
      select coalesce(jsonb_agg(jsonb_build_object('line', f.line, 'found', left(f.written, 64), 'allowed', f.allowed)
        order by f.line), '[]')
      from (select s.* from said s where s.allowed is not null order by s.line limit 100) f),
    'unknown', (select count(*) from good g where not g.is_known),
    'unknown_codes', (
      select coalesce(jsonb_agg(u.scope_key order by u.line), '[]')
      from (select g.* from good g where not g.is_known order by g.line limit 50) u));
$$;
comment on function catalog.compare_areas(bigint, bigint, text) is
  'A pasted list beside the areas of a buyer in a market: how many of what kind, new, gone, repeated, unknown to '
  'places, and the first 100 that cannot be taken, with their lines.';

create or replace function catalog.save_areas(p_buyer_id bigint, p_market_id bigint, p_text text, p_stamp text)
returns jsonb
language plpgsql
volatile
as $$
-- Not under the buyer's row: leads wait for that with their offer in hand. What is switched off and named is switched
-- on; what is there is left as it is.
declare
  v_result jsonb;
begin
  perform catalog.lock_addresses(array[p_buyer_id]);
  perform catalog.check_stamp(p_stamp, catalog.stamp_areas(p_buyer_id, p_market_id));
  v_result := catalog.compare_areas(p_buyer_id, p_market_id, p_text);
  if (v_result ->> 'bad')::integer > 0 then
    perform kernel.refuse('LG423',
      format('Of the list %s cannot be taken', kernel.count_of((v_result ->> 'bad')::integer, 'line')),
      'areas', format('line %s: %s', v_result #>> '{faults,0,line}', v_result #>> '{faults,0,found}'),
      v_result #>> '{faults,0,allowed}', 'Nothing was saved. Mend these lines, or take them out.');
  end if;
  perform catalog.replace_areas(p_buyer_id, p_market_id, array_agg(r.scope_type), array_agg(r.scope_key),
    array_agg(case r.scope_type when 'city' then r.written else r.scope_key end))
  from leadgen.markets m
  cross join lateral catalog.read_area_list(p_text, m.country_code) r
  where m.id = p_market_id;
  return v_result;
end;
$$;
comment on function catalog.save_areas(bigint, bigint, text, text) is
  'Makes a pasted list the areas of a buyer in a market, and returns catalog.compare_areas; an empty list leaves none. '
  'LG409 if somebody else changed them since they were shown (p_stamp), LG423 while an entry cannot be taken.';

create or replace function catalog.replace_areas(
  p_buyer_id bigint,
  p_market_id bigint,
  p_types text[],
  p_keys text[],
  p_values text[]
)
returns void
language plpgsql
volatile
as $$
begin
  delete from leadgen.buyer_service_areas a
  where a.buyer_id = p_buyer_id and a.market_id = p_market_id and a.is_active
    and not exists (
      select from unnest(p_types, p_keys) as s (type, key) where s.type = a.scope_type and s.key = a.scope_key);
  update leadgen.buyer_service_areas a set is_active = true
  where a.buyer_id = p_buyer_id and a.market_id = p_market_id and not a.is_active
    and exists (
      select from unnest(p_types, p_keys) as s (type, key) where s.type = a.scope_type and s.key = a.scope_key);
  insert into leadgen.buyer_service_areas (buyer_id, market_id, scope_type, scope_value)
  select p_buyer_id, p_market_id, s.type, min(s.value)
  from unnest(p_types, p_keys, p_values) as s (type, key, value)
  where not exists (
    select from leadgen.buyer_service_areas a
    where a.buyer_id = p_buyer_id and a.market_id = p_market_id and a.scope_type = s.type and a.scope_key = s.key)
  group by s.type, s.key;
end;
$$;
comment on function catalog.replace_areas(bigint, bigint, text[], text[], text[]) is
  'Takes away the areas of a buyer in a market that are not named, and adds those that are; a city as it is written.';
