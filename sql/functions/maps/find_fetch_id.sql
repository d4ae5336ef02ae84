create or replace function leadgen.find_fetch_id(p_map jsonb, p_lead jsonb)
returns text
language plpgsql
immutable
as $$
declare
  v_id text;
begin
  if not p_map ? 'fetch' or leadgen.gather_answers(p_map, p_lead) <> '{}' then
    return null;
  end if;
  v_id := leadgen.show_map_value(leadgen.read_map_value(p_lead, p_map -> 'fetch'));
  if v_id is null or v_id !~ '^[A-Za-z0-9_-]{1,64}$' then
    perform leadgen.refuse('LG400', 'The lead has neither answers nor an id to fetch them by', p_found => 'no id, or one of another form',
      p_allowed => '1 to 64 letters, digits, _ and -');
  end if;
  return v_id;
end;
$$;
comment on function leadgen.find_fetch_id(jsonb, jsonb) is
  'The id by which a lead''s answers are asked of its network; null: they are in the post. LG400 when they are not and there is no id.';
