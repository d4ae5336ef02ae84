-- Nothing is executable or readable by PUBLIC; each role gets what its file says, and no more.
-- pg_temp.declared is made by `leadgen migrate`: our schemas, their tables and sequences, and the functions and views of
-- this deploy. What somebody else put into our schemas is not in it, and must not be named by any grant.
do $$
declare
  v_object record;
begin
  for v_object in select d.kind, d.name from pg_temp.declared d loop
    execute format(
      'revoke all on %s %s from public, leadgen_api, leadgen_worker, leadgen_dba, leadgen_reporting', v_object.kind, v_object.name
    );
  end loop;
end;
$$;
alter default privileges for role leadgen_owner revoke execute on functions from public;
