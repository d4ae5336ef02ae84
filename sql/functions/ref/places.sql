-- Postal codes, cities and distances.

create or replace function ref.normalize_postal_code(p_postal_code text, p_country_code text)
returns text
language plpgsql
immutable parallel safe
as $$
declare
  v_compact constant text := upper(regexp_replace(p_postal_code, E'[\\s[:cntrl:]]+', '', 'g'));
begin
  return nullif(case
    when p_country_code = 'US' and v_compact ~ '^[0-9]{5}-?[0-9]{4}$' then left(v_compact, 5)
    when p_country_code = 'CA' and v_compact ~ '^[A-Z][0-9][A-Z]-?[0-9][A-Z][0-9]$'
      then left(v_compact, 3) || ' ' || right(v_compact, 3)
    when p_country_code = 'GB' and v_compact ~ '^[A-Z]{1,2}[0-9][A-Z0-9]?[0-9][A-Z]{2}$'
      then left(v_compact, -3) || ' ' || right(v_compact, 3)
    when p_country_code = 'NL' and v_compact ~ '^[0-9]{4}[A-Z]{2}$'
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
  select case p_country_code
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
language sql
immutable parallel safe
as $$
  select nullif(lower(regexp_replace(normalize(ref.collapse_space(p_city), nfd), E'[\\u0300-\\u036f ]+', '', 'g')), '');
$$;
comment on function ref.normalize_city(text) is
  'A city as it is compared: without case, accents and spaces. "San  José" and "san jose" are sanjose.';

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
