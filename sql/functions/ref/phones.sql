-- Telephone numbers, read as the package phonenumbers (Google libphonenumber) reads them, by tables made from it.
--
-- read_phone is the only reader: leads, suppressions, erasures, searches and buyers' numbers go through it. What it
-- reads otherwise than the package is listed with reasons in tests/db/test_phones.py.

create or replace function ref.read_phone(p_phone text, p_country_code text)
returns ref.phone_number
language plpgsql
stable
as $$
-- A North American number with a known area code is valid by its shape. The others take more steps, and the pattern of
-- a whole numbering plan costs a tenth of a millisecond. The "(0)" of "+34 (0)91 …" is dropped if it makes no number.
declare
  c_longest constant integer := 250;
  c_north_american constant text := E'^(\\+1|1)?[2-9][0-9]{2}[2-9][0-9]{6}$';
  v_digits text := translate(p_phone, '-(). /', '');
  v_has_shape boolean := v_digits ~ c_north_american;
  v_extension text;
  v_number ref.phone_number;
begin
  if not v_has_shape and v_digits !~ E'^\\+*[0-9]+$' then
    if length(p_phone) > c_longest then
      return v_number;
    end if;
    select f.digits, f.extension into v_digits, v_extension from ref.split_phone(ref.extract_phone(p_phone)) f;
    if v_digits is null then
      return v_number;
    end if;
    v_has_shape := v_digits ~ c_north_american;
  end if;
  if v_has_shape and not starts_with(v_digits, '+') then
    perform from leadgen.phone_regions r where r.country_code = p_country_code and r.calling_code = '1';
    v_has_shape := found;
  end if;
  if v_has_shape then
    select '+1' || right(v_digits, 10), a.country_code, a.region_code, v_extension into v_number
    from leadgen.phone_areas a where a.prefix = '1' || left(right(v_digits, 10), 3) and a.is_whole;
  end if;
  if v_number.e164 is null then
    v_number := ref.parse_phone(v_digits, p_country_code);
    if v_number.e164 is null and length(p_phone) <= c_longest
      and p_phone ~ E'[+][^0-9]{0,2}[0-9]{1,3}[^0-9]{0,2}[(]0[)]' then
      return ref.read_phone(replace(p_phone, '(0)', ''), p_country_code);
    end if;
    v_number.extension := case when v_number.e164 is not null then v_extension end;
  end if;
  return v_number;
end;
$$;
comment on function ref.read_phone(text, text) is
  'A telephone number as somebody in a country writes it: E.164, extension, and the country and region it belongs to; '
  'all null when it is not valid. A number of several countries (+1 800) is of the given one if it is valid there. '
  'Country null: only a number with + and a calling code is read.';

create or replace function ref.parse_phone(p_digits text, p_country_code text)
returns ref.phone_number
language plpgsql
stable
as $$
declare
  c_longest constant integer := 40; -- digits: more than a prefix, a calling code and a number have together
  v_national text := ltrim(p_digits, '+');
  v_plan leadgen.phone_regions;
  v_abroad text;
  v_shorter text;
  v_number ref.phone_number;
begin
  if length(p_digits) > c_longest then
    return v_number;
  end if;
  if starts_with(p_digits, '+') then
    v_abroad := v_national;
    v_plan := ref.find_phone_plan(v_abroad);
  end if;
  if v_plan.country_code is null then
    select r.* into v_plan from leadgen.phone_regions r where r.country_code = p_country_code;
    v_abroad := ref.dial_abroad(v_national, v_plan);
    if v_abroad is not null then
      v_plan := ref.find_phone_plan(v_abroad);
    elsif starts_with(p_digits, '+') then
      return v_number;
    end if;
  end if;
  if v_abroad is not null then
    v_national := substr(v_abroad, length(v_plan.calling_code) + 1);
  end if;
  v_shorter := ref.strip_parsing_prefix(v_national, v_plan);
  if v_plan.lengths = '{}'
    or length(v_shorter) = any (v_plan.lengths)
    or length(v_shorter) > v_plan.lengths[cardinality(v_plan.lengths)] then
    v_national := v_shorter;
  end if;
  v_number := ref.find_phone_place(v_plan, v_national, p_country_code);
  if v_number.country_code is not null then
    v_number.e164 := '+' || v_plan.calling_code || v_national;
  end if;
  return v_number;
end;
$$;
comment on function ref.parse_phone(text, text) is
  'read_phone for digits, with + before them or without, that are not a North American number by their shape.';

create or replace function ref.find_phone_plan(p_digits text)
returns leadgen.phone_regions
language plpgsql
stable
as $$
-- No calling code is the beginning of another.
declare
  v_plan leadgen.phone_regions;
begin
  select r.* into v_plan
  from leadgen.phone_regions r
  where r.calling_code in (left(p_digits, 1), left(p_digits, 2), left(p_digits, 3))
  order by r.place, r.country_code
  limit 1;
  return v_plan;
end;
$$;
comment on function ref.find_phone_plan(text) is
  'The numbering plan of the main country of the calling code that digits begin with; null: there is no such code.';

create or replace function ref.dial_abroad(p_digits text, p_region leadgen.phone_regions)
returns text
language plpgsql
immutable
as $$
-- The calling code stands behind the country's international prefix (US 011), or alone where the digits would not be a
-- number of the country with it and are one without it.
declare
  v_rest text := regexp_replace(p_digits, '^(?:' || p_region.international_prefix || ')', '');
begin
  if length(v_rest) < length(p_digits) and not starts_with(v_rest, '0') then
    return v_rest;
  end if;
  if starts_with(p_digits, p_region.calling_code) then
    v_rest := ref.strip_parsing_prefix(substr(p_digits, length(p_region.calling_code) + 1), p_region);
    if (not ref.matches_whole(p_digits, p_region.general_pattern)
        and ref.matches_whole(v_rest, p_region.general_pattern))
      or length(p_digits) > p_region.lengths[cardinality(p_region.lengths)] then
      return p_region.calling_code || v_rest;
    end if;
  end if;
  return null;
end;
$$;
comment on function ref.dial_abroad(text, leadgen.phone_regions) is
  'Digits as dialled inside a country, from their calling code on; null: they are written without one.';

create or replace function ref.matches_whole(p_digits text, p_pattern text)
returns boolean
language sql
immutable parallel safe
as $$
  select p_digits ~ ('^(?:' || p_pattern || ')$');
$$;
comment on function ref.matches_whole(text, text) is
  'Whether digits match a pattern of a numbering plan from end to end.';

create or replace function ref.strip_parsing_prefix(p_digits text, p_region leadgen.phone_regions)
returns text
language plpgsql
immutable
as $$
-- Digits that are possible with the prefix and are not without it keep it.
declare
  v_pattern constant text := '^(?:' || p_region.parsing_prefix || ')';
  v_groups constant text[] := regexp_match(p_digits, v_pattern);
  v_rest text;
begin
  if v_groups is null then
    return p_digits;
  end if;
  v_rest := regexp_replace(p_digits, v_pattern, case
    when v_groups[cardinality(v_groups)] is null then ''
    else coalesce(p_region.prefix_rule, '')
  end);
  return case
    when not ref.matches_whole(v_rest, p_region.general_pattern)
      and ref.matches_whole(p_digits, p_region.general_pattern) then p_digits
    else v_rest
  end;
end;
$$;
comment on function ref.strip_parsing_prefix(text, leadgen.phone_regions) is
  'Digits of a national number without what is dialled before it in its country (GB 0, US 1); where the country has a '
  'prefix_rule, with the area code that they lack (AG 4641234 is 2684641234).';

create or replace function ref.find_phone_place(
  p_plan leadgen.phone_regions,
  p_national text,
  p_country_code text
)
returns ref.phone_number
language plpgsql
stable
as $$
-- Row by row: the patterns of the main country's neighbours are seldom needed.
declare
  v_plan leadgen.phone_regions;
  v_number ref.phone_number;
begin
  for v_plan in
    select r.*
    from leadgen.phone_regions r
    where r.calling_code = p_plan.calling_code
      and length(p_national) between 2 and 17
      and (r.lengths = '{}' or length(p_national) = any (r.lengths))
    order by r.place, r.country_code
  loop
    if v_plan.leading_digits is null or p_national ~ ('^(?:' || v_plan.leading_digits || ')') then
      if ref.is_national_number(p_national, v_plan) then
        v_number.country_code := v_plan.country_code;
        exit;
      end if;
      exit when v_plan.leading_digits is not null;
    end if;
  end loop;
  if v_number.country_code <> p_country_code and exists (
    select from leadgen.phone_regions r
    where r.country_code = p_country_code and r.calling_code = p_plan.calling_code
      and ref.is_national_number(p_national, r)) then
    v_number.country_code := p_country_code;
  end if;
  if p_plan.calling_code = '1' then
    v_number.region_code := (
      select a.region_code from leadgen.phone_areas a
      where a.prefix = '1' || left(p_national, 3) and a.country_code = v_number.country_code);
  end if;
  return v_number;
end;
$$;
comment on function ref.find_phone_place(leadgen.phone_regions, text, text) is
  'Country and region of a national number of a plan''s calling code; the given country, if it is valid there. Null: '
  'it is valid in none.';

create or replace function ref.is_national_number(p_national text, p_plan leadgen.phone_regions)
returns boolean
language plpgsql
immutable
as $$
begin
  return ref.matches_whole(p_national, p_plan.general_pattern)
    and ref.matches_whole(p_national, p_plan.national_pattern);
end;
$$;
comment on function ref.is_national_number(text, leadgen.phone_regions) is
  'Whether a national number is valid by a plan.';
