create or replace function leadgen.try_field_map(p_slug text, p_document jsonb)
returns setof jsonb
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
set jit = off
as $$
declare
  v_map jsonb;
begin
  select m.body into v_map from leadgen.field_maps m where m.slug = p_slug;
  if not found then
    perform leadgen.refuse('LG404', 'No such field map', 'slug');
  end if;
  return query
  select leadgen.apply_field_map(v_map, lead)
  from jsonb_array_elements(leadgen.split_post(v_map, p_document)) lead;
end;
$$;
comment on function leadgen.try_field_map(text, jsonb) is
  'What a field map makes of a sample document: one payload of submit_lead for each lead in it. LG404 for a map that is not there.';
