create or replace function leadgen.normalize_city(p_city text)
returns text
language sql
immutable parallel safe
as $$
  select nullif(lower(regexp_replace(normalize(p_city, nfd), '[\u0300-\u036f\s[:cntrl:]\u00a0\u2000-\u200b\u2028\u2029\u202f\u205f\u3000\ufeff]+', '', 'g')), '');
$$;
comment on function leadgen.normalize_city(text) is
  'A city as it is compared: without case, accents and spaces. "San  José" and "san jose" are sanjose.';
