create or replace function leadgen.match_postal_codes(p_postal_code text)
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
comment on function leadgen.match_postal_codes(text) is
  'Every pattern that covers a postal code, the longest first: itself, each prefix with a star, and the star. So a look-up by prefix is an index probe.';
