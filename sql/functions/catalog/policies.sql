-- The catalogue: everything that makes a new niche or a new city configuration and not code.
--
-- This module owns markets, verticals, offers, sources, campaigns, buyers, enrollments, service areas, exclusivities,
-- policies with their registry and versions, and the queue of their changes. DBAs edit these tables in plain SQL. So
-- what must hold of a row is held by its table, whoever writes it:
--
--   checked    what a DBA writes is checked word by word (check_*), and only what changes: a row that was taken under
--              milder rules stays usable. A refusal (LG423) names path, found and allowed, and the last good version
--              rules on.
--   filled     slugs, source keys, normalised keys, secrets (fill_*): what is left out is made, what is given stays.
--   compiled   what the road of a lead reads is compiled when it is written (compile_*). A compiled column says what
--              the compiler makes of its source and nothing else: the trigger compiles anew whenever either is
--              written. A deploy that changes a compiler calls recompile.
--   versioned  a policy's version rises by one with each new body, and policy_versions keeps every body for good:
--              leads name the versions that they were judged by. Decisions replay by the settings of a routing
--              policy's version, so its version rises as well when a deploy compiles the same body otherwise.
--   noted      a change from which something follows later leaves a row in catalog_changes (note_change).
--
-- A policy is written like this:
--
--   insert, update of its body   write_policy: check_policy, compile, version + 1 -> archive_policy: policy_versions
--   update of version, compiled  write_policy: both are what they were, or what the compiler now says; routing
--                                settings that their version does not keep: version + 1 -> archive_policy
--   update of anything else      nothing is checked and nothing compiled

create or replace function catalog.write_policy()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
-- Fires when the body, the version or what is compiled is written. A body that stays as it is was checked when it was
-- written: a stricter check of a later deploy does not stop that deploy.
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
    if v_old_body = v_body and not catalog.keeps_settings(old.id, old.version, new.compiled_config) then
      new.version := old.version + 1;
    end if;
  elsif v_kind = 'pricing' then
    new.compiled_rules := catalog.compile_pricing(v_body);
  else
    new.compiled_rules := catalog.compile_payout(v_body);
  end if;
  return new;
end;
$$;
comment on function catalog.write_policy() is
  'Trigger: checks a policy''s body, compiles it for the hot path, and raises the version when the body or its '
  'routing settings changed.';

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
comment on function catalog.archive_policy() is
  'Trigger: keeps every body a policy ever had, with who wrote it and when.';

create or replace function catalog.keeps_settings(
  p_policy_id bigint,
  p_version integer,
  p_settings kernel.routing_settings
)
returns boolean
language plpgsql
stable
as $$
-- Attribute by attribute: one that the version does not have would be recalled with the default of some later day.
begin
  return exists (
    select from leadgen.policy_versions p
    where p.kind = 'routing' and p.policy_id = p_policy_id and p.version = p_version
      and p.settings = to_jsonb(p_settings)
  );
end;
$$;
comment on function catalog.keeps_settings(bigint, integer, kernel.routing_settings) is
  'Whether a version of a routing policy is archived with just these settings.';

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
    perform kernel.refuse_value(v_root || '.' || v_missing.key, 'the key',
      format('a server where %s is installed', v_missing.language));
  end if;
  perform catalog.check_policy_sense(p_kind, p_body);
end;
$$;
comment on function catalog.check_policy(text, jsonb) is
  'Raises LG423 with path, found and allowed when a policy''s body has more than 30 patterns, an unknown key, a value'
  ' that the registry''s schema refuses, a key whose language is not installed, or keys that contradict each other.';

create or replace function catalog.check_policy_kind(p_kind text)
returns void
language plpgsql
immutable
as $$
begin
  if p_kind is null or p_kind not in ('validation', 'routing', 'pricing', 'payout') then
    perform kernel.refuse('LG400', 'There is no such kind of policy', 'kind', coalesce(p_kind, 'nothing'),
      'one of validation, routing, pricing, payout');
  end if;
end;
$$;
comment on function catalog.check_policy_kind(text) is 'Raises LG400 when there is no such kind of policy.';

create or replace function catalog.recompile()
returns integer
language plpgsql
volatile
as $$
-- Compiled only, not checked: a stricter check of this deploy asks nothing of what was taken before. Buyers come before
-- their enrollments, as in outbox.refresh_reach.
declare
  v_total integer := 0;
  v_rows integer;
begin
  update leadgen.validation_policies set compiled_rules = catalog.compile_rules(rules)
  where compiled_rules is distinct from catalog.compile_rules(rules);
  get diagnostics v_rows = row_count;
  v_total := v_total + v_rows;
  update leadgen.routing_policies set compiled_config = catalog.read_routing_config(config)
  where compiled_config is distinct from catalog.read_routing_config(config)
    or not catalog.keeps_settings(id, version, catalog.read_routing_config(config));
  get diagnostics v_rows = row_count;
  v_total := v_total + v_rows;
  update leadgen.pricing_policies set compiled_rules = catalog.compile_pricing(rules)
  where compiled_rules::text is distinct from catalog.compile_pricing(rules)::text;
  get diagnostics v_rows = row_count;
  v_total := v_total + v_rows;
  update leadgen.payout_policies set compiled_rules = catalog.compile_payout(rules)
  where compiled_rules::text is distinct from catalog.compile_payout(rules)::text;
  get diagnostics v_rows = row_count;
  v_total := v_total + v_rows;
  update leadgen.buyers set compiled_response_rules = catalog.compile_response_rules(response_rules)
  where compiled_response_rules::text is distinct from catalog.compile_response_rules(response_rules)::text;
  get diagnostics v_rows = row_count;
  v_total := v_total + v_rows;
  update leadgen.buyer_offers
  set compiled_schedule = catalog.compile_hours(schedule), compiled_filters = catalog.compile_tests(filters)
  where (compiled_schedule, compiled_filters::text)
    is distinct from (catalog.compile_hours(schedule), catalog.compile_tests(filters)::text);
  get diagnostics v_rows = row_count;
  return v_total + v_rows;
end;
$$;
comment on function catalog.recompile() is
  'Compiles anew what the compilers and the registry now read differently: policies, response rules, schedules, '
  'filters; run by each deploy. Returns how many rows changed.';

create or replace function catalog.find_policy_body(p_kind text, p_policy_id bigint, p_version integer)
returns jsonb
language plpgsql
stable
as $$
begin
  return (
    select p.body
    from leadgen.policy_versions p
    where p.kind = p_kind and p.policy_id = p_policy_id and p.version = p_version
  );
end;
$$;
comment on function catalog.find_policy_body(text, bigint, integer) is 'A policy''s body as it was in one version.';
