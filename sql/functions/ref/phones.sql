-- Telephone numbers, by the tables made from the package phonenumbers.

create or replace function ref.read_phone(p_phone text, p_country_code text)
returns ref.phone_number
language plpgsql
stable
as $$
-- Reads a number as somebody in p_country_code would dial it. An extension and the "(0)" of "+44 (0)20 …" are dropped;
-- letters make it invalid. A North American number with a known area code is valid by its shape; the pattern of the
-- whole numbering plan, which takes a tenth of a millisecond, is left to the others.
declare
  v_phone text := p_phone;
  v_digits text;
  v_region leadgen.phone_regions;
  v_number ref.phone_number;
begin
  if v_phone ~ '[^-+0-9(). /]' then
    v_phone := regexp_replace(v_phone, E'\\s*(extension|ext\\.?|x|#)\\s*[0-9]+\\s*$', '', 'i');
    if v_phone ~ '[^-+0-9(). /]' then
      return v_number;
    end if;
  end if;
  if starts_with(ltrim(v_phone, ' ('), '+') then
    v_phone := replace(v_phone, '(0)', '');
  end if;
  v_digits := translate(v_phone, '-+(). /', '');
  if not starts_with(ltrim(v_phone, ' ('), '+') then
    select r.* into v_region from leadgen.phone_regions r where r.country_code = p_country_code;
    v_digits := ref.dial_abroad(v_digits, v_region);
  end if;

  if v_digits ~ '^1[2-9][0-9]{2}[2-9][0-9]{6}$' then
    select '+' || v_digits, a.country_code, a.region_code into v_number
    from leadgen.phone_areas a where a.prefix = left(v_digits, 4);
  end if;
  if v_number.e164 is null then
    select '+' || v_digits, r.country_code into v_number.e164, v_number.country_code
    from leadgen.phone_regions r
    where r.calling_code in (left(v_digits, 1), left(v_digits, 2), left(v_digits, 3))
      and substr(v_digits, length(r.calling_code) + 1) ~ ('^(?:' || r.national_pattern || ')$')
    order by (r.country_code = p_country_code) desc, r.country_code
    limit 1;
  end if;
  return v_number;
end;
$$;
comment on function ref.read_phone(text, text) is
  'A telephone number as written in a country, in E.164 with the country and region it belongs to; all null when it '
  'is not valid.';

create or replace function ref.dial_abroad(p_digits text, p_region leadgen.phone_regions)
returns text
language plpgsql
immutable
as $$
begin
  if p_digits ~ ('^(?:' || p_region.international_prefix || ')') then
    return regexp_replace(p_digits, '^(?:' || p_region.international_prefix || ')', '');
  elsif p_region.national_prefix <> ''
    and starts_with(p_digits, p_region.national_prefix)
    and (p_region.calling_code = '1' or p_digits !~ ('^(?:' || p_region.national_pattern || ')$')) then
    return p_region.calling_code || substr(p_digits, length(p_region.national_prefix) + 1);
  end if;
  return p_region.calling_code || p_digits;
end;
$$;
comment on function ref.dial_abroad(text, leadgen.phone_regions) is
  'Digits as dialled inside a country, as dialled from abroad: without its international prefix (US 011), or without '
  'the trunk prefix (GB 0, US 1) and behind its calling code. Digits that are valid with the trunk prefix keep it.';
