-- Nothing is executable or readable by PUBLIC; each role gets what its file says, and no more.
do $$
declare
  c_roles constant text := 'public, leadgen_api, leadgen_worker, leadgen_dba, leadgen_reporting';
  v_schema text;
begin
  for v_schema in
    select quote_ident(n.nspname) from pg_namespace n where n.nspowner = 'leadgen_owner'::regrole order by 1
  loop
    execute format('revoke all on schema %s from %s', v_schema, c_roles);
    execute format('revoke all on all functions in schema %s from %s', v_schema, c_roles);
    execute format('revoke all on all tables in schema %s from %s', v_schema, c_roles);
    execute format('revoke all on all sequences in schema %s from %s', v_schema, c_roles);
  end loop;
end;
$$;
alter default privileges for role leadgen_owner revoke execute on functions from public;
