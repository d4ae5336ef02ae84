create or replace function leadgen.normalize_postal_code(p_postal_code text, p_country_code text)
returns text
language plpgsql
immutable parallel safe
as $$
declare
  v_compact constant text := upper(regexp_replace(p_postal_code, '[\s[:cntrl:]]+', '', 'g'));
begin
  return nullif(case
    when p_country_code = 'US' and v_compact ~ '^[0-9]{5}-?[0-9]{4}$' then left(v_compact, 5)
    when p_country_code = 'CA' and v_compact ~ '^[A-Z][0-9][A-Z]-?[0-9][A-Z][0-9]$' then left(v_compact, 3) || ' ' || right(v_compact, 3)
    when p_country_code = 'GB' and v_compact ~ '^[A-Z]{1,2}[0-9][A-Z0-9]?[0-9][A-Z]{2}$'
      then left(v_compact, -3) || ' ' || right(v_compact, 3)
    when p_country_code = 'NL' and v_compact ~ '^[0-9]{4}[A-Z]{2}$' then left(v_compact, 4) || ' ' || right(v_compact, 2)
    else upper(leadgen.collapse_space(p_postal_code))
  end, '');
end;
$$;
comment on function leadgen.normalize_postal_code(text, text) is
  'A postal code in its country''s shape, upper case: US ZIP+4 keeps five digits, CA is "K1A 0B1", GB has a blank before the last three.';
