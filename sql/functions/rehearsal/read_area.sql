create or replace function leadgen.read_area(p_area text, p_country_code text)
returns text
language plpgsql
immutable
as $$
-- What has a digit or a star is a postal code or a prefix of one, any other name a city.
declare
  v_code constant text := leadgen.normalize_postal_code(p_area, p_country_code);
begin
  return case
    when p_area !~ '[0-9*]' and p_area ~ '[^[:cntrl:][:space:][:punct:]]' then 'city:' || leadgen.normalize_city(p_area)
    when v_code ~ '^[A-Z0-9 -]*\*$' or leadgen.is_postal_code(v_code, p_country_code) then 'postal_code:' || v_code
  end;
end;
$$;
comment on function leadgen.read_area(text, text) is
  'A service area as leads are compared with it, city:austin or postal_code:787*; null: no lead can be in it.';
