create or replace function leadgen.add_counts(p_counts jsonb, p_more jsonb)
returns jsonb
language plpgsql
immutable
as $$
begin
  return p_counts || (
    select coalesce(jsonb_object_agg(m.key, coalesce((p_counts ->> m.key)::numeric, 0) + m.value::numeric), '{}')
    from jsonb_each_text(p_more) m);
end;
$$;
comment on function leadgen.add_counts(jsonb, jsonb) is 'Counters by name, added up.';
