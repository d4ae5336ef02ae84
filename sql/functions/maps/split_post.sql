create or replace function leadgen.split_post(p_map jsonb, p_document jsonb)
returns jsonb
language plpgsql
immutable
as $$
declare
  v_path text;
  v_leads jsonb;
begin
  if not p_map ? 'leads' then
    return jsonb_build_array(p_document);
  end if;
  foreach v_path in array leadgen.list_map_paths(p_map -> 'leads') loop
    v_leads := jsonb_path_query_array(p_document, v_path::jsonpath, silent => true);
    exit when v_leads <> '[]';
  end loop;
  return v_leads;
end;
$$;
comment on function leadgen.split_post(jsonb, jsonb) is
  'The leads in one post: what the first of the map''s leads paths finds, or the whole document where it has none.';
