create or replace function leadgen.slugify(p_name text)
returns text
language sql
immutable strict parallel safe
as $$
  select coalesce(
    nullif(btrim(regexp_replace(lower(regexp_replace(normalize(p_name, nfd), '[\u0300-\u036f]', '', 'g')), '[^a-z0-9]+', '-', 'g'), '-'), ''),
    'x'
  );
$$;
comment on function leadgen.slugify(text) is 'A name as lower-case ASCII words joined by hyphens: "Austin, TX" is austin-tx.';
