create or replace function leadgen.collapse_space(p_text text)
returns text
language sql
immutable parallel safe
as $$
  select nullif(btrim(regexp_replace(p_text, '[\s[:cntrl:]\u00a0\u2000-\u200b\u2028\u2029\u202f\u205f\u3000\ufeff]+', ' ', 'g')), '');
$$;
comment on function leadgen.collapse_space(text) is
  'Trimmed, with every run of white space (Unicode''s included) or control characters as one blank; nothing left: null.';
