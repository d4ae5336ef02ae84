create or replace function leadgen.write_policy()
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
    v_old_body := leadgen.find_policy_body(v_kind, old.id, old.version);
    new.version := old.version + (v_old_body is distinct from v_body)::integer;
  end if;
  if v_old_body is distinct from v_body then
    perform leadgen.check_policy(v_kind, v_body);
  end if;

  if v_kind = 'validation' then
    new.compiled_rules := leadgen.compile_rules(v_body);
  elsif v_kind = 'routing' then
    new.compiled_config := leadgen.read_routing_config(v_body);
  else
    new.compiled_rules := leadgen.compile_pricing(v_body);
  end if;
  return new;
end;
$$;
comment on function leadgen.write_policy() is
  'Trigger: checks a policy''s body, compiles it for the hot path, and raises the version when the body changed.';

create or replace trigger write_policy before insert or update on leadgen.validation_policies
  for each row execute function leadgen.write_policy();
create or replace trigger write_policy before insert or update on leadgen.routing_policies
  for each row execute function leadgen.write_policy();
create or replace trigger write_policy before insert or update on leadgen.pricing_policies
  for each row execute function leadgen.write_policy();
