create or replace function leadgen.archive_policy()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_kind constant text := replace(tg_table_name, '_policies', '');
  v_body jsonb;
begin
  if v_kind = 'routing' then
    v_body := new.config;
  else
    v_body := new.rules;
  end if;
  insert into leadgen.policy_versions (kind, policy_id, version, body)
  values (v_kind, new.id, new.version, v_body)
  on conflict (kind, policy_id, version) do nothing;
  return null;
end;
$$;
comment on function leadgen.archive_policy() is 'Trigger: keeps every body a policy ever had, with who wrote it and when.';

create or replace trigger archive_policy after insert or update on leadgen.validation_policies
  for each row execute function leadgen.archive_policy();
create or replace trigger archive_policy after insert or update on leadgen.routing_policies
  for each row execute function leadgen.archive_policy();
create or replace trigger archive_policy after insert or update on leadgen.pricing_policies
  for each row execute function leadgen.archive_policy();
