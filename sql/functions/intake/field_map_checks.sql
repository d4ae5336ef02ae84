-- Field maps checked when they are written.

create or replace function intake.write_field_map()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_old leadgen.field_maps;
begin
  if tg_op = 'UPDATE' then
    v_old := old;
  end if;
  new.slug := coalesce(ref.collapse_space(new.slug), catalog.choose_slug('leadgen.field_maps', 'slug', new.name, 64));
  if new.body is distinct from v_old.body then
    perform intake.check_field_map(new.body);
  end if;
  return new;
end;
$$;
comment on function intake.write_field_map() is
  'Trigger: checks a field map; its slug is made from its name when not given.';

create or replace function intake.write_source_map()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
-- A partner's source without an API key takes nothing. One whose network proves itself otherwise gets a hash that no
-- key is known for, so that the map is its only way in. The secret is locked, so that nobody removes it meanwhile.
begin
  if (select m.body ->> 'authentication' from leadgen.field_maps m where m.id = new.field_map_id) = 'signature' then
    perform from leadgen.network_secrets n where n.source_id = new.source_id and n.app_secret is not null for key share;
    if not found then
      perform kernel.refuse_value('app_secret', 'nothing',
        'the secret with which the network signs its posts: call leadgen.set_network_secrets first');
    end if;
    update leadgen.sources s
    set api_key_hash = encode(sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())), 'hex')
    where s.id = new.source_id and s.kind = 'partner_api' and not exists (
      select from leadgen.api_keys k where k.source_id = s.id and k.revoked_at is null and k.expires_at is null);
  end if;
  return new;
end;
$$;
comment on function intake.write_source_map() is
  'Trigger: a map that checks signatures needs the secret; a partner''s source behind it is closed to every other way'
  ' in.';

create or replace function intake.check_field_map(p_body jsonb)
returns void
language plpgsql
volatile
as $$
declare
  c_schema constant jsonb := '{"type": "object", "additionalProperties": false, "required": ["fields"], "properties": {
    "fields": {"type": "object"}, "leads": {}, "fetch": {}, "is_test": {}, "ignore": {}, "key": {},
    "answers": {},
    "idempotency_key": {"type": "object", "additionalProperties": false, "required": ["path"],
      "properties": {"path": {}, "prefix": {"type": "string", "pattern": "^[A-Za-z0-9._-]{1,20}:$",
        "description": "1 to 20 letters, digits, dots, _ and -, and a colon"}}},
    "authentication": {"enum": ["api_key", "key_in_body", "signature"]},
    "answer": {"enum": ["lead", "empty"]}, "by_campaign": {}}}';
  c_answers constant jsonb := '{"type": "object", "additionalProperties": false,
    "required": ["items", "name", "value"], "properties": {"items": {}, "name": {}, "value": {},
      "prefix": {"type": "string", "pattern": "^[a-z][a-z0-9_]{0,19}$",
        "description": "1 to 20 lower-case letters, digits and _"}}}';
  c_fields constant text[] := '{source,name,email,phone,country_code,region_code,postal_code,city,message,utm_source,
    utm_medium,utm_campaign,landing_url,consent,gdpr_consent,consent_at,consent_certificate_url,
    ip_address,user_agent}'::text[] || intake.list_tracking_fields();
  v_key text;
  v_rule jsonb;
begin
  perform catalog.check_schema(p_body, c_schema, 'body');
  for v_key, v_rule in select e.key, e.value from jsonb_each(p_body) e where e.key in ('leads', 'fetch', 'is_test') loop
    perform intake.check_map_paths(v_rule, 'body.' || v_key);
  end loop;
  if p_body ? 'ignore' then
    perform intake.check_map_paths(p_body -> 'ignore', 'body.ignore', p_is_plain => true);
  end if;
  -- A key that is read by a filter would stay behind as an attribute.
  if p_body ? 'key' or p_body ->> 'authentication' = 'key_in_body' then
    perform intake.check_map_path(p_body -> 'key', 'body.key', p_is_plain => true);
  end if;
  for v_key, v_rule in
    select case when jsonb_typeof(p_body -> 'answers') = 'array' then format('body.answers[%s]', r.ordinality - 1)
      else 'body.answers' end, r.rule
    from intake.list_answer_rules(p_body) with ordinality r (rule, ordinality)
  loop
    perform catalog.check_schema(v_rule, c_answers, v_key);
    perform intake.check_map_path(v_rule -> 'items', v_key || '.items');
    perform intake.check_map_paths(v_rule -> 'name', v_key || '.name');
    perform intake.check_map_path(v_rule -> 'value', v_key || '.value');
  end loop;
  if p_body ? 'fetch' and not exists (select from intake.list_answer_rules(p_body)) then
    perform kernel.refuse_value('body.answers', 'nothing', 'where the answers of a fetched lead are: fetch needs it');
  end if;
  if p_body ? 'idempotency_key' then
    perform intake.check_map_paths(p_body -> 'idempotency_key' -> 'path', 'body.idempotency_key.path');
  end if;

  if jsonb_typeof(p_body -> 'by_campaign') <> 'boolean' then
    perform intake.check_map_paths(p_body -> 'by_campaign', 'body.by_campaign');
  end if;

  for v_key, v_rule in select e.key, e.value from jsonb_each(p_body -> 'fields') e loop
    if v_key <> all (c_fields) and v_key !~ E'^attributes\\.[A-Za-z_][A-Za-z0-9_]{0,59}$' then
      perform kernel.refuse_value('body.fields.' || v_key, 'an unknown field',
        'one of ' || array_to_string(c_fields, ', ') || ', attributes.<name>');
    end if;
    perform intake.check_map_rule(v_key, v_rule, 'body.fields.' || v_key);
  end loop;
end;
$$;
comment on function intake.check_field_map(jsonb) is
  'Raises LG423 with path, found and allowed for the first fault in a field map: an unknown key or target field, a '
  'wrong JSON path.';

create or replace function intake.check_map_rule(p_field text, p_rule jsonb, p_path text)
returns void
language plpgsql
immutable
as $$
-- The rule of one field: a path, a list of alternatives, {"join": [rules], "with": text} or {"constant": value}.
declare
  v_parts constant jsonb := case jsonb_typeof(p_rule) when 'array' then p_rule when 'object' then p_rule -> 'join' end;
  v_wanted text;
begin
  if jsonb_typeof(p_rule) = 'object' and p_rule ? 'constant' then
    v_wanted := case
      when p_field in ('consent', 'gdpr_consent') then 'boolean'
      when p_field not like 'attributes.%' then 'string'
    end;
    if p_rule - 'constant' <> '{}' then
      perform kernel.refuse_value(p_path, p_rule::text, 'constant alone');
    elsif jsonb_typeof(p_rule -> 'constant') <> v_wanted then
      perform kernel.refuse_value(p_path || '.constant', p_rule ->> 'constant', 'a value of type ' || v_wanted);
    end if;
  elsif jsonb_typeof(p_rule) in ('object', 'array') then
    if jsonb_typeof(v_parts) is distinct from 'array' or v_parts = '[]'
      or jsonb_typeof(p_rule) = 'object'
      and (p_rule - '{join,with}'::text[] <> '{}' or jsonb_typeof(p_rule -> 'with') <> 'string') then
      perform kernel.refuse_value(p_path, p_rule::text,
        'a path, a list of alternatives, {"join": [paths], "with": text} or {"constant": value}');
    end if;
    for v_index in 0 .. jsonb_array_length(v_parts) - 1 loop
      perform intake.check_map_rule(p_field, v_parts -> v_index,
        format('%s%s[%s]', p_path, case jsonb_typeof(p_rule) when 'object' then '.join' else '' end, v_index));
    end loop;
  else
    perform intake.check_map_path(p_rule, p_path);
  end if;
end;
$$;
comment on function intake.check_map_rule(text, jsonb, text) is
  'Raises LG423 for the first fault in the rule of one field of a map.';

create or replace function intake.check_map_paths(p_rule jsonb, p_path text, p_is_plain boolean default false)
returns void
language plpgsql
immutable
as $$
begin
  if jsonb_typeof(p_rule) is distinct from 'array' then
    perform intake.check_map_path(p_rule, p_path, p_is_plain);
    return;
  elsif p_rule = '[]' then
    perform kernel.refuse_value(p_path, 'an empty list', 'a JSON path, or a list of them');
  end if;
  for v_index in 0 .. jsonb_array_length(p_rule) - 1 loop
    perform intake.check_map_path(p_rule -> v_index, format('%s[%s]', p_path, v_index), p_is_plain);
  end loop;
end;
$$;
comment on function intake.check_map_paths(jsonb, text, boolean) is
  'Raises LG423 unless a value is a JSON path or a list of them.';

create or replace function intake.check_map_path(p_rule jsonb, p_path text, p_is_plain boolean default false)
returns void
language plpgsql
immutable
as $$
declare
  v_path constant text := p_rule #>> '{}';
  c_variable constant text := E'^([^"]|"([^"\\\\]|\\\\.)*")*\\$["A-Za-z_]'; -- outside of texts
begin
  if jsonb_typeof(p_rule) is distinct from 'string' or v_path !~ E'^\\$($|[.\\[ ])' or v_path ~ c_variable then
    perform kernel.refuse_value(p_path, coalesce(p_rule::text, 'nothing'),
      'a JSON path that begins with $, such as $.contact.email');
  elsif p_is_plain and intake.read_plain_path(v_path) is null then
    perform kernel.refuse_value(p_path, v_path, 'a path of names and positions alone, such as $.google_key');
  end if;
  perform v_path::jsonpath;
exception
  when syntax_error or data_exception or feature_not_supported or program_limit_exceeded then
    perform kernel.refuse_value(p_path, v_path, 'a valid JSON path (' || sqlerrm || ')');
end;
$$;
comment on function intake.check_map_path(jsonb, text, boolean) is
  'Raises LG423 for what is no JSON path, or, where it must be, none of member names and positions alone.';
