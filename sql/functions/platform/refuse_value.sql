create or replace function leadgen.refuse_value(p_path text, p_found text, p_allowed text)
returns void
language sql
immutable
as $$
  select leadgen.refuse(
    'LG423',
    format('%s: found %s; allowed: %s', p_path, left(p_found, 200), p_allowed),
    p_path, left(p_found, 200), p_allowed,
    'The row was not written; the last good version rules on.'
  );
$$;
comment on function leadgen.refuse_value(text, text, text) is 'Refuses one value of the configuration: LG423.';
