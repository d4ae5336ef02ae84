-- Nothing is executable or readable by PUBLIC; each role gets what its file says, and no more.
-- pg_temp.declared is made by `leadgen migrate`: our schemas, their tables and sequences, and the functions and views of
-- this deploy. What somebody else put into our schemas is not in it, and must not be named by any grant.
-- What reads for buyers is the owner's until reader.sql gives it away again. Most functions are the owner's alone and stay it.
do $$
declare
  v_object record;
begin
  for v_object in
    select p.oid::regprocedure::text as name
    from pg_proc p
    join pg_namespace n on n.oid = p.pronamespace and n.nspowner = 'leadgen_owner'::regrole
    where p.proowner = 'leadgen_reader'::regrole
  loop
    execute format('alter function %s owner to leadgen_owner', v_object.name);
  end loop;
  for v_object in
    select d.kind, d.name
    from pg_temp.declared d
    left join pg_proc p on p.oid = case d.kind when 'routine' then d.name::regprocedure end
    where p.oid is null
    or p.proacl is null
    or exists (select from aclexplode(p.proacl) a where a.grantee <> p.proowner)
  loop
    execute format(
      'revoke all on %s %s from public, leadgen_api, leadgen_worker, leadgen_dba, leadgen_reporting, leadgen_buyer, leadgen_source,'
      ' leadgen_reader', v_object.kind, v_object.name
    );
  end loop;
end;
$$;
alter default privileges for role leadgen_owner revoke execute on functions from public;
