-- Public names made from display names.

create or replace function catalog.choose_slug(p_table regclass, p_column text, p_name text, p_length integer)
returns text
language plpgsql
volatile
as $$
declare
  v_base constant text := rtrim(left(catalog.slugify(p_name), p_length - 5), '-');
  v_slug text := v_base;
  v_taken boolean;
  v_number integer := 1;
begin
  perform pg_advisory_xact_lock(3, hashtext(p_table::text || v_base));
  loop
    execute format('select exists (select from %s where %I = $1)', p_table, p_column) into v_taken using v_slug;
    exit when not v_taken;
    v_number := v_number + 1;
    v_slug := v_base || '-' || v_number;
  end loop;
  return v_slug;
end;
$$;
comment on function catalog.choose_slug(regclass, text, text, integer) is
  'A free public name made from a display name: austin-tx, austin-tx-2, ...';

create or replace function catalog.slugify(p_name text)
returns text
language sql
immutable strict parallel safe
as $$
  select coalesce(
    nullif(btrim(regexp_replace(
      lower(regexp_replace(normalize(p_name, nfd), E'[\\u0300-\\u036f]', '', 'g')), '[^a-z0-9]+', '-', 'g'), '-'), ''),
    'x'
  );
$$;
comment on function catalog.slugify(text) is
  'A name as lower-case ASCII words joined by hyphens: "Austin, TX" is austin-tx.';
