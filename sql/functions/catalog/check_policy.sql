create or replace function leadgen.check_policy(p_kind text, p_body jsonb)
returns void
language plpgsql
volatile
as $$
declare
  v_root constant text := case p_kind when 'routing' then 'config' else 'rules' end;
  v_schema jsonb;
  v_missing record;
begin
  perform leadgen.check_patterns(p_body, v_root);
  select jsonb_build_object(
    'type', 'object',
    'additionalProperties', false,
    'properties', jsonb_object_agg(k.key, k.value_schema))
  into v_schema
  from leadgen.policy_keys k
  where k.kind = p_kind and k.value_schema <> '{}';
  perform leadgen.check_schema(p_body, v_schema, v_root);

  select k.key, k.required_language as language into v_missing
  from leadgen.policy_keys k
  where k.kind = p_kind and p_body ? k.key
  and k.required_language not in (select l.lanname from pg_catalog.pg_language l)
  order by k.position limit 1;
  if found then
    perform leadgen.refuse_value(v_root || '.' || v_missing.key, 'the key', format('a server where %s is installed', v_missing.language));
  end if;
  perform leadgen.check_policy_sense(p_kind, p_body);
end;
$$;
comment on function leadgen.check_policy(text, jsonb) is
  'Raises LG423 with path, found and allowed when a policy''s body has more than 30 patterns, an unknown key, a value that the registry''s schema refuses, a key whose language is not installed, or keys that contradict each other.';
