create or replace function leadgen.find_fetch_id(p_map jsonb, p_lead jsonb)
returns text
language plpgsql
immutable
as $$
declare
  v_id text;
begin
  if not p_map ? 'fetch' or jsonb_typeof(p_lead) <> 'object' or leadgen.gather_answers(p_map, p_lead) <> '{}' then
    return null;
  end if;
  v_id := leadgen.show_map_value(leadgen.read_map_value(p_lead, p_map -> 'fetch'));
  return case when v_id ~ '^[A-Za-z0-9_-]{1,64}$' then v_id end;
end;
$$;
comment on function leadgen.find_fetch_id(jsonb, jsonb) is
  'The id by which a lead''s answers are asked of its network; null: they are in the post, or nothing in it can be asked for.';
