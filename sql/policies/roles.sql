-- The roles, made once a cluster. Safe to run twice and from two places at once.
-- They log in without a password of their own: whoever runs the server gives them one, or trusts a private socket.
do $$
declare
  v_role text;
begin
  foreach v_role in array array['leadgen_owner', 'leadgen_migrator', 'leadgen_api', 'leadgen_worker', 'leadgen_dba', 'leadgen_reporting'] loop
    begin
      execute format('create role %I %s', v_role, case v_role when 'leadgen_owner' then 'nologin' else 'login' end);
    exception
      when duplicate_object or unique_violation then
        null;
    end;
  end loop;
end;
$$;

do $$
begin
  if not pg_has_role('leadgen_migrator', 'leadgen_owner', 'member') then
    grant leadgen_owner to leadgen_migrator;
  end if;
exception
  when unique_violation then
    null;
end;
$$;
