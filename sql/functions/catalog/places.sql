-- How places are written: rows of the reference tables compiled into functions of ref, once a deploy, and the keys of
-- cities that depend on them.

create or replace function catalog.compile_places()
returns void
language plpgsql
volatile
as $$
begin
  perform catalog.check_place_rows();
  perform catalog.compile_cities_words();
  perform catalog.compile_countries();
  perform catalog.replace_body('ref.read_region(text, text)', format($sql$
declare
  v_text constant text := upper(p_text);
  v_name text;
begin
  if v_text ~ '^[A-Z]{2}-[A-Z0-9]{1,3}$' then
    return v_text;
  end if;
  v_name := ref.fold_name(p_text);
  return coalesce(case p_country_code%s
    end, left(v_text, 20));
end;
$sql$, (
    select string_agg(format(E'\n    when %L then case v_name%s\n      end', c.country_code, c.names), ''
      order by c.country_code)
    from (
      select n.country_code, string_agg(format(E'\n      when %L then %L', n.name, n.region_code), ''
        order by n.name) as names
      from (
        select r.country_code, r.name, r.region_code from leadgen.region_names r
        union
        select r.country_code, lower(s.name), r.region_code
        from leadgen.region_names r
        cross join lateral (
          values (split_part(r.region_code, '-', 2)), (replace(r.region_code, '-', ''))
        ) s (name)
      ) n
      group by n.country_code
    ) c)));
end;
$$;
comment on function catalog.compile_places() is
  'Writes the bodies of ref.normalize_city, read_country, read_region, find_postal_country and settle_country from '
  'their tables; run by each deploy. LG423 with the row that can match nothing.';

create or replace function catalog.check_place_rows()
returns void
language plpgsql
stable
as $$
declare
  v_fault record;
begin
  select x.name, x.value, x.allowed into v_fault
  from (
    select 'city_words.word' as name, w.word as value, 'a word in small letters a to z' as allowed
    from leadgen.city_words w where w.word !~ '^[a-z]+$'
    union all
    select 'city_words.meaning', w.meaning, 'words in small letters a to z'
    from leadgen.city_words w where w.meaning !~ '^[a-z]+( [a-z]+)*$'
    union all
    select 'country_names.name', n.name, 'small letters a to z and digits without blanks'
    from leadgen.country_names n where n.name !~ '^[a-z0-9]+$'
    union all
    select 'country_names.country_code', n.country_code, 'two capitals, ISO 3166-1, e.g. US'
    from leadgen.country_names n where n.country_code !~ '^[A-Z]{2}$'
    union all
    select 'region_names.name', n.name, 'small letters a to z and digits without blanks'
    from leadgen.region_names n where n.name !~ '^[a-z0-9]+$'
    union all
    select 'region_names.region_code', n.region_code, 'an ISO 3166-2 code such as US-TX'
    from leadgen.region_names n where n.region_code !~ '^[A-Z]{2}-[A-Z0-9]{1,3}$'
    union all
    select 'postal_territories.postal_prefix', t.postal_prefix, 'the beginning of a postal code, e.g. 009'
    from leadgen.postal_territories t where t.postal_prefix !~ '^[A-Z0-9]+$'
  ) x
  order by x.name, x.value
  limit 1;
  if found then
    perform catalog.refuse_row(v_fault.name, v_fault.value, v_fault.allowed);
  end if;
end;
$$;
comment on function catalog.check_place_rows() is
  'Raises LG423 for the first row of the tables of places that is not written as what people send is compared.';

create or replace function catalog.refuse_row(p_column text, p_found text, p_allowed text)
returns void
language plpgsql
immutable
as $$
begin
  perform kernel.refuse('LG423',
    format('leadgen.%s: found %s; allowed: %s', p_column, p_found, p_allowed),
    p_column, p_found, p_allowed, 'Mend the row and deploy again.');
end;
$$;
comment on function catalog.refuse_row(text, text, text) is
  'Raises LG423 for a row of a table that a deploy compiles; the column as table.column.';

create or replace function catalog.compile_cities_words()
returns void
language plpgsql
volatile
as $$
-- Most names have none of the words, so they are looked for at once before they are replaced one by one.
declare
  v_word record;
  v_words text := 'v_city';
  v_first text := '';
  v_any constant text := (select string_agg(w.word, '|' order by w.word) from leadgen.city_words w);
begin
  for v_word in select w.word, w.meaning from leadgen.city_words w where not w.is_first order by w.word loop
    v_words := format('replace(%s, %L, %L)', v_words, ' ' || v_word.word || ' ', ' ' || v_word.meaning || ' ');
  end loop;
  select string_agg(format(E'\n      when starts_with(v_city, %L) then %L || substr(v_city, %s)',
    ' ' || w.word || ' ', ' ' || w.meaning, length(w.word) + 2), '' order by w.word)
  into v_first
  from leadgen.city_words w where w.is_first;
  perform catalog.replace_body('ref.normalize_city(text)', format($sql$
declare
  v_city text := ref.fold_city(p_city);
begin
  if v_city ~ %L then
    v_city := %s;
    v_city := case%s
      else v_city end;
  end if;
  return nullif(replace(v_city, ' ', ''), '');
end;
$sql$, ' (' || v_any || ') ', v_words, coalesce(v_first, ' when false then null')));
end;
$$;
comment on function catalog.compile_cities_words() is
  'Writes the body of ref.normalize_city from leadgen.city_words, which has at least one row.';

create or replace function catalog.compile_countries()
returns void
language plpgsql
volatile
as $$
begin
  perform catalog.replace_body('ref.read_country(text)', format($sql$
declare
  v_name constant text := ref.fold_name(p_text);
begin
  if length(v_name) = 2 then
    return case v_name%s
      else upper(v_name) end;
  end if;
  return case v_name%s
    else upper(p_text) end;
end;
$sql$, (
    select coalesce(string_agg(format(E'\n      when %L then %L', n.name, n.country_code), '' order by n.name),
      ' when null then null')
    from leadgen.country_names n where length(n.name) = 2
  ), (
    select coalesce(string_agg(format(E'\n    when %L then %L', n.name, n.country_code), '' order by n.name),
      ' when null then null')
    from leadgen.country_names n where length(n.name) <> 2)));
  perform catalog.replace_body('ref.find_postal_country(text)', format($sql$
begin
  return case p_country_code%s
    else p_country_code end;
end;
$sql$, (
    select string_agg(format(E'\n    when %L then %L', t.country_code, t.part_of), '' order by t.country_code)
    from (select distinct x.country_code, x.part_of from leadgen.postal_territories x) t)));
  perform catalog.replace_body('ref.settle_country(text, text, text)', format($sql$
declare
  v_postal_country constant text := ref.find_postal_country(p_market_country_code);
begin
  if p_country_code = p_market_country_code and p_country_code = v_postal_country
    or p_postal_code is null
    or ref.find_postal_country(p_country_code) <> v_postal_country then
    return p_country_code;
  elsif p_market_country_code = v_postal_country then
    return v_postal_country;
  end if;
  return case%s
    else v_postal_country end;
end;
$sql$, (
    select string_agg(format(E'\n    when v_postal_country = %L and starts_with(p_postal_code, %L) then %L',
      t.part_of, t.postal_prefix, t.country_code), '' order by length(t.postal_prefix) desc, t.postal_prefix)
    from leadgen.postal_territories t)));
end;
$$;
comment on function catalog.compile_countries() is
  'Writes the bodies of ref.read_country, find_postal_country and settle_country from leadgen.country_names and '
  'postal_territories, which has at least one row.';

create or replace function catalog.remake_city_keys()
returns void
language plpgsql
volatile
as $$
-- Two spellings of one city may have been two exclusivities. The older stays; the newer is switched off, and an event
-- says so. Reading tens of thousands of postal codes takes seconds, so it is done when the words have changed, or for
-- codes that have no keys yet.
declare
  v_words constant text := md5(
    pg_get_functiondef('ref.normalize_city(text)'::regprocedure)
    || pg_get_functiondef('ref.fold_city(text)'::regprocedure));
  v_is_read constant boolean := exists (
    select from leadgen.reference_loads r where r.name = 'city_keys' and r.fingerprint = v_words);
  v_row leadgen.offer_exclusivities;
begin
  update leadgen.postal_places p
  set city_key = ref.normalize_city(p.city), city_keys = ref.list_city_keys(p.city, p.towns)
  where (not v_is_read or p.city_keys is null and p.city is not null)
    and (p.city_key, p.city_keys)
      is distinct from (ref.normalize_city(p.city), ref.list_city_keys(p.city, p.towns));
  insert into leadgen.reference_loads (name, fingerprint, rows, loaded_at)
  select 'city_keys', v_words, count(*), now() from leadgen.city_words
  on conflict (name) do update
  set fingerprint = excluded.fingerprint, rows = excluded.rows, loaded_at = excluded.loaded_at
  where reference_loads.fingerprint <> excluded.fingerprint;
  update leadgen.buyer_service_areas a set scope_key = ref.normalize_city(a.scope_value)
  where a.scope_type = 'city' and a.scope_key is distinct from ref.normalize_city(a.scope_value)
    and ref.normalize_city(a.scope_value) is not null;
  for v_row in
    select x.* from leadgen.offer_exclusivities x
    where x.scope_type = 'city' and x.is_active
      and exists (
        select from leadgen.offer_exclusivities e
        where e.offer_id = x.offer_id and e.scope_type = 'city' and e.is_active and e.id < x.id
          and ref.normalize_city(e.scope_value) = ref.normalize_city(x.scope_value))
    order by x.id
  loop
    update leadgen.offer_exclusivities x set is_active = false where x.id = v_row.id;
    perform catalog.note_action('exclusivity_merged', format('exclusivity %s', v_row.id), v_row.buyer_id,
      format('The exclusivity of %s in offer %s was switched off: an older one is for the same city, spelt otherwise',
        v_row.scope_value, v_row.offer_id),
      jsonb_build_object('exclusivity_id', v_row.id, 'offer_id', v_row.offer_id, 'scope_value', v_row.scope_value));
  end loop;
  update leadgen.offer_exclusivities x set scope_key = ref.normalize_city(x.scope_value)
  where x.scope_type = 'city' and x.scope_key is distinct from ref.normalize_city(x.scope_value)
    and ref.normalize_city(x.scope_value) is not null;
end;
$$;
comment on function catalog.remake_city_keys() is
  'Makes the stored keys of cities as ref.normalize_city makes them now; run by each deploy after compile_places.';

create or replace function catalog.check_city(p_city_key text, p_city text, p_country_code text, p_path text)
returns void
language plpgsql
stable
as $$
-- Only where places are known at all. The distance of words is slow, so it is taken to few names: those that
-- begin, or begin and end, alike.
declare
  v_country_code constant text := ref.find_postal_country(p_country_code);
  v_meant text;
begin
  if exists (
      select from leadgen.postal_places p
      where p.city_keys @> array[p_city_key] and p.country_code = v_country_code)
    or not exists (
      select from leadgen.postal_places p where p.country_code = v_country_code and p.city_keys is not null) then
    return;
  end if;
  v_meant := kernel.suggest(p_city_key, array(
    select distinct p.city_key from leadgen.postal_places p
    where p.country_code = v_country_code and left(p.city_key, 1) = left(p_city_key, 1)
      and (starts_with(p.city_key, left(p_city_key, 3)) or right(p.city_key, 4) = right(p_city_key, 4))
      and abs(length(p.city_key) - length(p_city_key)) <= 2
    order by p.city_key));
  v_meant := 'Did you mean ' || (
    select min(p.city) from leadgen.postal_places p
    where p.country_code = v_country_code and p.city_key = v_meant) || '?';
  perform kernel.refuse('LG423',
    format('%s: found %s; allowed: a city that has a postal code in %s', p_path, left(p_city, 200), v_country_code)
      || coalesce('. ' || v_meant, ''),
    p_path, left(p_city, 200), 'a city that has a postal code in ' || v_country_code,
    coalesce(v_meant || ' ', '') || 'No lead could be in it: the postal code''s place decides. For a part of a city, '
    'name its postal codes.');
end;
$$;
comment on function catalog.check_city(text, text, text, text) is
  'Raises LG423, with the city that was probably meant, for a city that no postal code of a country has; where there '
  'are no places of the country, any city will do.';
