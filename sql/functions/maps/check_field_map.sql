create or replace function leadgen.check_field_map(p_body jsonb)
returns void
language plpgsql
immutable
as $$
declare
  c_schema constant jsonb := '{"type": "object", "additionalProperties": false, "required": ["fields"], "properties": {
    "fields": {"type": "object"}, "leads": {}, "fetch": {}, "is_test": {}, "ignore": {}, "key": {},
    "answers": {"type": "object", "additionalProperties": false, "required": ["items", "name", "value"],
      "properties": {"items": {}, "name": {}, "value": {}}},
    "idempotency_key": {"type": "object", "additionalProperties": false, "required": ["path"],
      "properties": {"path": {}, "prefix": {"type": "string", "pattern": "^[A-Za-z0-9._-]{1,20}:$",
        "description": "1 to 20 letters, digits, dots, _ and -, and a colon"}}},
    "authentication": {"enum": ["api_key", "key_in_body", "signature"]},
    "answer": {"enum": ["lead", "empty"]}, "by_campaign": {"type": "boolean"}}}';
  c_fields constant text[] := '{source,name,email,phone,country_code,region_code,postal_code,city,message,utm_source,utm_medium,
    utm_campaign,landing_url,consent,gdpr_consent,consent_at,consent_certificate_url}';
  v_key text;
  v_rule jsonb;
begin
  perform leadgen.check_schema(p_body, c_schema, 'body');
  for v_key, v_rule in select e.key, e.value from jsonb_each(p_body) e where e.key in ('leads', 'fetch', 'is_test') loop
    perform leadgen.check_map_paths(v_rule, 'body.' || v_key);
  end loop;
  if p_body ? 'ignore' then
    perform leadgen.check_map_paths(p_body -> 'ignore', 'body.ignore', p_is_plain => true);
  end if;
  -- A key that is read by a filter would stay behind as an attribute.
  if p_body ? 'key' or p_body ->> 'authentication' = 'key_in_body' then
    perform leadgen.check_map_path(p_body -> 'key', 'body.key', p_is_plain => true);
  end if;
  if p_body ? 'answers' then
    perform leadgen.check_map_path(p_body -> 'answers' -> 'items', 'body.answers.items');
    perform leadgen.check_map_paths(p_body -> 'answers' -> 'name', 'body.answers.name');
    perform leadgen.check_map_path(p_body -> 'answers' -> 'value', 'body.answers.value');
  elsif p_body ? 'fetch' then
    perform leadgen.refuse_value('body.answers', 'nothing', 'where the answers of a fetched lead are: fetch needs it');
  end if;
  if p_body ? 'idempotency_key' then
    perform leadgen.check_map_paths(p_body -> 'idempotency_key' -> 'path', 'body.idempotency_key.path');
  end if;

  for v_key, v_rule in select e.key, e.value from jsonb_each(p_body -> 'fields') e loop
    if v_key <> all (c_fields) and v_key !~ '^attributes\.[A-Za-z_][A-Za-z0-9_]{0,59}$' then
      perform leadgen.refuse_value('body.fields.' || v_key, 'an unknown field',
        'one of ' || array_to_string(c_fields, ', ') || ', attributes.<name>');
    end if;
    perform leadgen.check_map_rule(v_key, v_rule, 'body.fields.' || v_key);
  end loop;
end;
$$;
comment on function leadgen.check_field_map(jsonb) is
  'Raises LG423 with path, found and allowed for the first fault in a field map: an unknown key or target field, a wrong JSON path.';
