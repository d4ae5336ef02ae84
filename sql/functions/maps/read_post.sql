create or replace function leadgen.read_post(p_body bytea)
returns jsonb
language plpgsql
immutable strict
as $$
declare
  v_document constant jsonb := convert_from(p_body, 'UTF8');
begin
  if jsonb_typeof(v_document) <> 'object' then
    perform leadgen.refuse('LG400', 'The post is not a JSON object', p_found => jsonb_typeof(v_document), p_allowed => 'an object');
  end if;
  return v_document;
end;
$$;
comment on function leadgen.read_post(bytea) is 'The raw body of a post as JSON. LG400 when it is no object.';
