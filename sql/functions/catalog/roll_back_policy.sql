create or replace function leadgen.roll_back_policy(p_kind text, p_id bigint, p_version integer)
returns integer
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  c_table constant text := p_kind || '_policies';
  c_column constant text := case p_kind when 'routing' then 'config' else 'rules' end;
  v_old jsonb;
  v_current jsonb;
  v_version integer;
begin
  perform leadgen.check_policy_kind(p_kind);
  execute format('select %I from leadgen.%I where id = $1 for update', c_column, c_table) into v_current using p_id;
  select p.body into v_old from leadgen.policy_versions p
  where p.kind = p_kind and p.policy_id = p_id and p.version = p_version;
  if v_current is null or v_old is null then
    perform leadgen.refuse('LG404', 'The policy or its version does not exist', 'version',
      format('%s policy %s, version %s', p_kind, p_id, p_version), 'a version that leadgen.policy_history lists');
  elsif v_old = v_current then
    perform leadgen.refuse('LG409', 'The policy already says what that version said', 'version', p_version::text,
      'a version that differs from the current one');
  end if;
  execute format('update leadgen.%I set %I = $1 where id = $2 returning version', c_table, c_column)
  into v_version using v_old, p_id;
  return v_version;
end;
$$;
comment on function leadgen.roll_back_policy(text, bigint, integer) is
  'Makes a policy say again what an old version of it said; that is a new version, checked like any other (LG423), and its number is returned.';
