create or replace function leadgen.lay_over(p_body jsonb, p_changes jsonb)
returns jsonb
language plpgsql
immutable
as $$
begin
  return p_body - array(select c.key from jsonb_each(p_changes) c where c.value = 'null')
    || (select coalesce(jsonb_object_agg(c.key, c.value), '{}') from jsonb_each(p_changes) c where c.value <> 'null');
end;
$$;
comment on function leadgen.lay_over(jsonb, jsonb) is 'A policy''s body with keys replaced; a key whose value is null is taken away.';
