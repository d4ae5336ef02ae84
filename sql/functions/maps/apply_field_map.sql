create or replace function leadgen.apply_field_map(p_map jsonb, p_lead jsonb)
returns jsonb
language plpgsql
immutable
as $$
-- Nothing is dropped: what no path reads becomes an attribute. Paths that begin with $.answers read the list of named
-- answers; a member of that name in the lead itself is a leftover like any other. An id that makes no key goes on as it is,
-- for submit_lead to refuse.
declare
  v_answers constant jsonb := case when p_map ? 'answers' then leadgen.gather_answers(p_map, p_lead) end;
  v_document constant jsonb := case when v_answers is null then p_lead else p_lead || jsonb_build_object('answers', v_answers) end;
  v_payload jsonb := '{}';
  v_attributes jsonb := '{}';
  v_paths text[];
  v_key constant jsonb := coalesce(to_jsonb(leadgen.read_map_key(p_map, p_lead)),
    leadgen.read_map_value(p_lead, p_map -> 'idempotency_key' -> 'path'));
  v_field text;
  v_rule jsonb;
  v_value jsonb;
begin
  for v_field, v_rule in select e.key, e.value from jsonb_each(p_map -> 'fields') e loop
    v_paths := v_paths || leadgen.list_read_paths(v_document, v_rule);
    v_value := leadgen.read_map_value(v_document, v_rule);
    if v_value is null then
      continue;
    elsif starts_with(v_field, 'attributes.') then
      v_attributes := v_attributes || jsonb_build_object(substr(v_field, 12), v_value);
    elsif v_field not in ('consent', 'gdpr_consent') then
      v_payload := v_payload || jsonb_build_object(v_field, leadgen.show_map_value(v_value));
    elsif leadgen.read_map_flag(v_value) is null then
      v_attributes := v_attributes || jsonb_build_object(v_field, v_value);
    else
      v_payload := v_payload || jsonb_build_object(v_field, leadgen.read_map_flag(v_value));
    end if;
  end loop;

  if v_answers is not null then
    v_attributes := leadgen.gather_leftovers(v_answers,
      array(select '$' || substr(path, 10) from unnest(v_paths) path where path ~ '^\$\.answers[.[]'), v_attributes);
    v_paths := array(select path from unnest(v_paths) path where path !~ '^\$\.answers[.[]')
      || regexp_replace(p_map -> 'answers' ->> 'items', '\[\*\]$', '');
  end if;
  v_attributes := leadgen.gather_leftovers(p_lead,
    v_paths || (p_map ->> 'key')
      || leadgen.list_map_paths(p_map -> 'is_test') || leadgen.list_map_paths(p_map -> 'ignore')
      || leadgen.list_map_paths(p_map -> 'idempotency_key' -> 'path'), v_attributes);

  if v_key is not null then
    v_payload := v_payload || jsonb_build_object('idempotency_key', v_key);
  end if;
  return v_payload || jsonb_build_object('attributes', v_attributes);
end;
$$;
comment on function leadgen.apply_field_map(jsonb, jsonb) is
  'A lead in somebody else''s shape as a payload of submit_lead, by the body of a field map; what the map does not name goes into attributes.';
