create or replace function leadgen.is_postal_code(p_postal_code text, p_country_code text)
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
comment on function leadgen.is_postal_code(text, text) is
  'Whether a normalised postal code has its country''s shape; countries without a shape here: 2 to 15 letters, digits, blanks, hyphens.';
