create or replace function leadgen.collapse_space(p_text text)
returns text
language sql
immutable parallel safe
as $$
  select nullif(btrim(regexp_replace(p_text, '[\s[:cntrl:]]+', ' ', 'g')), '');
$$;
comment on function leadgen.collapse_space(text) is
  'Trimmed, with every run of white space or control characters as one blank; nothing left: null.';
