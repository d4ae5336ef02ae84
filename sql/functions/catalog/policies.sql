-- Policies: checked, compiled, versioned and archived when a row is written.

create or replace function catalog.write_policy()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
-- A body that stays as it is was checked when it was written: a stricter check of a later deploy does not stop that deploy.
declare
  v_kind constant text := replace(tg_table_name, '_policies', '');
  v_body jsonb;
  v_old_body jsonb;
begin
  if v_kind = 'routing' then
    v_body := new.config;
  else
    v_body := new.rules;
  end if;
  if tg_op = 'INSERT' then
    new.version := 1 + coalesce(
      (select max(p.version) from leadgen.policy_versions p where p.kind = v_kind and p.policy_id = new.id), 0);
  else
    v_old_body := catalog.find_policy_body(v_kind, old.id, old.version);
    new.version := old.version + (v_old_body is distinct from v_body)::integer;
  end if;
  if v_old_body is distinct from v_body then
    perform catalog.check_policy(v_kind, v_body);
  end if;

  if v_kind = 'validation' then
    new.compiled_rules := catalog.compile_rules(v_body);
  elsif v_kind = 'routing' then
    new.compiled_config := catalog.read_routing_config(v_body);
  else
    new.compiled_rules := catalog.compile_pricing(v_body);
  end if;
  return new;
end;
$$;
comment on function catalog.write_policy() is
  'Trigger: checks a policy''s body, compiles it for the hot path, and raises the version when the body changed.';

create or replace function catalog.archive_policy()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_kind constant text := replace(tg_table_name, '_policies', '');
  v_body jsonb;
  v_settings jsonb;
begin
  if v_kind = 'routing' then
    v_body := new.config;
    v_settings := to_jsonb(new.compiled_config);
  else
    v_body := new.rules;
  end if;
  insert into leadgen.policy_versions (kind, policy_id, version, body, settings)
  values (v_kind, new.id, new.version, v_body, v_settings)
  on conflict (kind, policy_id, version) do nothing;
  return null;
end;
$$;
comment on function catalog.archive_policy() is 'Trigger: keeps every body a policy ever had, with who wrote it and when.';

create or replace function catalog.check_policy(p_kind text, p_body jsonb)
returns void
language plpgsql
volatile
as $$
declare
  v_root constant text := case p_kind when 'routing' then 'config' else 'rules' end;
  v_schema jsonb;
  v_missing record;
begin
  perform catalog.check_patterns(p_body, v_root);
  select jsonb_build_object(
    'type', 'object',
    'additionalProperties', false,
    'properties', jsonb_object_agg(k.key, k.value_schema))
  into v_schema
  from leadgen.policy_keys k
  where k.kind = p_kind and k.value_schema <> '{}';
  perform catalog.check_schema(p_body, v_schema, v_root);

  select k.key, k.required_language as language into v_missing
  from leadgen.policy_keys k
  where k.kind = p_kind and p_body ? k.key
  and k.required_language not in (select l.lanname from pg_catalog.pg_language l)
  order by k.position limit 1;
  if found then
    perform kernel.refuse_value(v_root || '.' || v_missing.key, 'the key', format('a server where %s is installed', v_missing.language));
  end if;
  perform catalog.check_policy_sense(p_kind, p_body);
end;
$$;
comment on function catalog.check_policy(text, jsonb) is
  'Raises LG423 with path, found and allowed when a policy''s body has more than 30 patterns, an unknown key, a value that the registry''s schema refuses, a key whose language is not installed, or keys that contradict each other.';

create or replace function catalog.check_policy_kind(p_kind text)
returns void
language plpgsql
immutable
as $$
begin
  if p_kind is null or p_kind not in ('validation', 'routing', 'pricing') then
    perform kernel.refuse('LG400', 'There is no such kind of policy', 'kind', coalesce(p_kind, 'nothing'),
      'one of validation, routing, pricing');
  end if;
end;
$$;
comment on function catalog.check_policy_kind(text) is 'Raises LG400 when there is no such kind of policy.';

create or replace function catalog.recompile_policies()
returns integer
language plpgsql
volatile
as $$
declare
  v_validation integer;
  v_routing integer;
  v_pricing integer;
begin
  update leadgen.validation_policies set compiled_rules = '' where compiled_rules <> catalog.compile_rules(rules);
  get diagnostics v_validation = row_count;
  update leadgen.routing_policies set compiled_config = null
  where compiled_config is distinct from catalog.read_routing_config(config);
  get diagnostics v_routing = row_count;
  update leadgen.pricing_policies set compiled_rules = null
  where compiled_rules::text is distinct from catalog.compile_pricing(rules)::text;
  get diagnostics v_pricing = row_count;
  return v_validation + v_routing + v_pricing;
end;
$$;
comment on function catalog.recompile_policies() is
  'Compiles the policies again whose rules the registry now reads differently; run by each deploy. Returns how many changed.';

create or replace function catalog.find_policy_body(p_kind text, p_policy_id bigint, p_version integer)
returns jsonb
language plpgsql
stable
as $$
begin
  return (
    select p.body from leadgen.policy_versions p where p.kind = p_kind and p.policy_id = p_policy_id and p.version = p_version
  );
end;
$$;
comment on function catalog.find_policy_body(text, bigint, integer) is 'A policy''s body as it was in one version.';
