-- Postal codes, cities and distances.

create or replace function ref.normalize_postal_code(p_postal_code text, p_country_code text)
returns text
language plpgsql
immutable parallel safe
as $$
declare
  v_country_code constant text := ref.find_postal_country(p_country_code);
  v_compact constant text := upper(regexp_replace(p_postal_code, E'[\\s[:cntrl:]]+', '', 'g'));
begin
  return nullif(case
    when v_country_code = 'US' and v_compact ~ '^[0-9]{5}-?[0-9]{4}$' then left(v_compact, 5)
    when v_country_code = 'CA' and v_compact ~ '^[A-Z][0-9][A-Z]-?[0-9][A-Z][0-9]$'
      then left(v_compact, 3) || ' ' || right(v_compact, 3)
    when v_country_code = 'GB' and v_compact ~ '^[A-Z]{1,2}[0-9][A-Z0-9]?[0-9][A-Z]{2}$'
      then left(v_compact, -3) || ' ' || right(v_compact, 3)
    when v_country_code = 'NL' and v_compact ~ '^[0-9]{4}[A-Z]{2}$'
      then left(v_compact, 4) || ' ' || right(v_compact, 2)
    else upper(ref.collapse_space(p_postal_code))
  end, '');
end;
$$;
comment on function ref.normalize_postal_code(text, text) is
  'A postal code in its country''s shape, upper case: US ZIP+4 keeps five digits, CA is "K1A 0B1", GB has a blank '
  'before the last three.';

create or replace function ref.restore_zip(p_text text)
returns text
language plpgsql
immutable strict parallel safe
as $$
-- For what people send, not for the catalogue, where four digits are a mistake.
begin
  return case
    when p_text ~ '^[0-9]{4}(-[0-9]{4}|[.]0+)?$' then '0' || left(p_text, 4)
    when p_text ~ '^[0-9]{5}[.]0+$' then left(p_text, 5)
    else p_text
  end;
end;
$$;
comment on function ref.restore_zip(text) is
  'A US ZIP that a spreadsheet took for a number, as it was: 2108 is 02108, 78701.0 is 78701.';

create or replace function ref.is_postal_code(p_postal_code text, p_country_code text)
returns boolean
language sql
immutable parallel safe
as $$
  select case ref.find_postal_country(p_country_code)
    when 'US' then p_postal_code ~ '^[0-9]{5}$'
    when 'CA' then p_postal_code ~ '^[A-Z][0-9][A-Z] [0-9][A-Z][0-9]$'
    when 'GB' then p_postal_code ~ '^[A-Z]{1,2}[0-9][A-Z0-9]? [0-9][A-Z]{2}$'
    else p_postal_code ~ '^[A-Z0-9][A-Z0-9 -]{1,14}$'
  end;
$$;
comment on function ref.is_postal_code(text, text) is
  'Whether a normalised postal code has its country''s shape; countries without a shape here: 2 to 15 letters, '
  'digits, blanks, hyphens.';

create or replace function ref.match_postal_codes(p_postal_code text)
returns text[]
language plpgsql
immutable strict parallel safe
as $$
declare
  v_patterns text[] := array[p_postal_code];
begin
  for v_length in reverse length(p_postal_code) .. 0 loop
    v_patterns := v_patterns || (left(p_postal_code, v_length) || '*');
  end loop;
  return v_patterns;
end;
$$;
comment on function ref.match_postal_codes(text) is
  'Every pattern that covers a postal code, the longest first: itself, each prefix with a star, and the star. So a '
  'look-up by prefix is an index probe.';

create or replace function ref.normalize_city(p_city text)
returns text
language plpgsql
immutable parallel safe
as $$
-- To read the compiled body, in psql: \sf ref.normalize_city
begin
  raise 'compiled by catalog.compile_places';
end;
$$;
comment on function ref.normalize_city(text) is
  'A city as it is compared: without case, accents, blanks and marks, without what stands behind a comma, and with the '
  'words of leadgen.city_words in full. "St. Louis, MO" and "SAINT LOUIS" are saintlouis. Compiled from the rows.';

create or replace function ref.fold_city(p_city text)
returns text
language plpgsql
immutable parallel safe
as $$
-- Marks become blanks, which are dropped at the end; an apostrophe joins: "O'Fallon" has no word "o".
declare
  v_text text := split_part(ltrim(ref.collapse_space(p_city), ', '), ',', 1);
begin
  if octet_length(v_text) > length(v_text) then
    v_text := regexp_replace(normalize(v_text, nfd),
      E'[\\u0300-\\u036f\\u00b4\\u02b9-\\u02bc\\u2018-\\u201b\\u2032]+', '', 'g');
    v_text := regexp_replace(v_text, E'[\\u00b7\\u2010-\\u2015\\u2212]+', ' ', 'g');
  end if;
  return ' ' || ltrim(translate(lower(v_text), E'.-_/()[]&"#*+:;!?\'`', '                 ')) || ' ';
end;
$$;
comment on function ref.fold_city(text) is
  'The words of a city''s name in small letters, without accents and marks, a blank before and behind each.';

create or replace function ref.squeeze_city(p_city text)
returns text
language sql
immutable parallel safe
as $$
  select nullif(lower(regexp_replace(normalize(ref.collapse_space(p_city), nfd), E'[\\u0300-\\u036f ]+', '', 'g')), '');
$$;
comment on function ref.squeeze_city(text) is
  'A city as it was compared until reading 2: without case, accents and blanks. Earlier leads are replayed by it.';

create or replace function ref.list_city_keys(p_city text, p_towns text[])
returns text[]
language plpgsql
immutable parallel safe
as $$
-- Most codes have no towns. A case with a query in it would start the executor for each of them.
begin
  if p_city is null then
    return null;
  elsif p_towns is null or p_towns = '{}' then
    return array[ref.normalize_city(p_city)];
  end if;
  return array_remove(array(
    select distinct ref.normalize_city(t.town) collate "C" as town_key
    from unnest(p_city || p_towns) as t (town)
    order by town_key), null);
end;
$$;
comment on function ref.list_city_keys(text, text[]) is
  'A city and the towns that share its postal code, each as ref.normalize_city reads it; null without a city.';

create or replace function ref.fold_name(p_name text)
returns text
language plpgsql
immutable strict parallel safe
as $$
begin
  return regexp_replace(
    lower(case when octet_length(p_name) = length(p_name) then p_name else normalize(p_name, nfd) end),
    '[^a-z0-9]+', '', 'g');
end;
$$;
comment on function ref.fold_name(text) is
  'The name of a country or region as it is compared: letters a to z and digits alone. "U.S." and "us" are us.';

create or replace function ref.read_country(p_text text)
returns text
language plpgsql
immutable strict parallel safe
as $$
-- To read the compiled body, in psql: \sf ref.read_country
begin
  raise 'compiled by catalog.compile_places';
end;
$$;
comment on function ref.read_country(text) is
  'The ISO 3166-1 code of a country, out of its code or a name in leadgen.country_names; what is neither stays as it '
  'is, in capitals. Compiled from the rows.';

create or replace function ref.read_region(p_text text, p_country_code text)
returns text
language plpgsql
immutable parallel safe
as $$
-- To read the compiled body, in psql: \sf ref.read_region
begin
  raise 'compiled by catalog.compile_places';
end;
$$;
comment on function ref.read_region(text, text) is
  'The ISO 3166-2 code of a region of a country, out of its code, its short code (TX) or a name in '
  'leadgen.region_names; what is none of them stays as it is, in capitals. Compiled from the rows.';

create or replace function ref.find_postal_country(p_country_code text)
returns text
language plpgsql
immutable parallel safe
as $$
-- To read the compiled body, in psql: \sf ref.find_postal_country
begin
  raise 'compiled by catalog.compile_places';
end;
$$;
comment on function ref.find_postal_country(text) is
  'The country whose postal codes a country uses: its own, except for '
  'leadgen.postal_territories. Compiled from the rows.';

create or replace function ref.settle_country(p_country_code text, p_market_country_code text, p_postal_code text)
returns text
language plpgsql
immutable parallel safe
as $$
-- To read the compiled body, in psql: \sf ref.settle_country
begin
  raise 'compiled by catalog.compile_places';
end;
$$;
comment on function ref.settle_country(text, text, text) is
  'The country of a lead as its market says it. Where both use one country''s postal codes, the postal code decides: '
  '00901 is US in a market of the US and PR in one of Puerto Rico. Compiled from leadgen.postal_territories.';

create or replace function ref.find_distance(
  p_longitude double precision,
  p_latitude double precision,
  p_other_longitude double precision,
  p_other_latitude double precision
)
returns double precision
language plpgsql
immutable strict parallel safe
as $$
-- Haversine on a sphere of the earth's mean radius (6371.0088 km): within half a percent of the ellipsoid.
begin
  return 2 * 3958.7613 * asin(sqrt(least(1,
    sind((p_other_latitude - p_latitude) / 2) ^ 2
    + cosd(p_latitude) * cosd(p_other_latitude) * sind((p_other_longitude - p_longitude) / 2) ^ 2)));
end;
$$;
comment on function ref.find_distance(double precision, double precision, double precision, double precision) is
  'Miles between two places, each longitude and latitude in degrees.';
