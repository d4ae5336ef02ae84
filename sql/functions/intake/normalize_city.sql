create or replace function leadgen.normalize_city(p_city text)
returns text
language sql
immutable parallel safe
as $$
  select nullif(lower(regexp_replace(normalize(leadgen.collapse_space(p_city), nfd), '[\u0300-\u036f ]+', '', 'g')), '');
$$;
comment on function leadgen.normalize_city(text) is
  'A city as it is compared: without case, accents and spaces. "San  José" and "san jose" are sanjose.';
