create or replace function leadgen.dial_abroad(p_digits text, p_region leadgen.phone_regions)
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
comment on function leadgen.dial_abroad(text, leadgen.phone_regions) is
  'Digits as dialled inside a country, as dialled from abroad: without its international prefix (US 011), or without the trunk prefix (GB 0, US 1) and behind its calling code. Digits that are valid with the trunk prefix keep it.';
