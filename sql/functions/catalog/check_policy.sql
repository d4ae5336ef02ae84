create or replace function leadgen.check_policy(p_kind text, p_body jsonb)
returns void
language plpgsql
stable
as $$
declare
  v_schema jsonb;
begin
  select jsonb_build_object(
    'type', 'object',
    'additionalProperties', false,
    'properties', jsonb_object_agg(k.key, k.value_schema))
  into v_schema
  from leadgen.policy_keys k
  where k.kind = p_kind and k.value_schema <> '{}';
  perform leadgen.check_schema(p_body, v_schema, case p_kind when 'routing' then 'config' else 'rules' end);
end;
$$;
comment on function leadgen.check_policy(text, jsonb) is
  'Raises LG423 with path, found and allowed when a policy''s body has an unknown key or a value that the registry''s schema refuses.';
