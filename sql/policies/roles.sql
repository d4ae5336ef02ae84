-- The roles, made once a cluster. Safe to run twice and from two places at once.
-- They log in without a password of their own: whoever runs the server gives them one, or trusts a private socket.
-- Everybody who deploys runs this, and does what they may: what only a superuser may is left out for others, and
-- catalog.list_server_faults names it.
do $$
declare
  v_role text;
begin
  foreach v_role in array array[
    'leadgen_owner', 'leadgen_reader', 'leadgen_buyer', 'leadgen_source',
    'leadgen_migrator', 'leadgen_api', 'leadgen_worker', 'leadgen_dba', 'leadgen_reporting'] loop
    begin
      if to_regrole(v_role) is null then
        execute format('create role %I %s', v_role, case
          when v_role in ('leadgen_owner', 'leadgen_reader', 'leadgen_buyer', 'leadgen_source') then 'nologin'
          else 'login' end);
      end if;
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
  when unique_violation or insufficient_privilege then
    null;
end;
$$;

-- An administrator who is no superuser acts as the owner only as its member. To have made the role is not enough: since
-- PostgreSQL 16 that gives the right to grant it.
do $$
begin
  if not pg_has_role('leadgen_owner', case when current_setting('server_version_num')::integer >= 160000 then 'set' else 'member' end) then
    grant leadgen_owner to current_user;
  end if;
exception
  when unique_violation then
    null;
end;
$$;

-- The API may become a buyer or a source for a transaction (set local role), and has none of their rights before.
do $$
declare
  v_role text;
begin
  if (select r.rolinherit from pg_roles r where r.rolname = 'leadgen_api') then
    alter role leadgen_api noinherit;
  end if;
  foreach v_role in array array['leadgen_buyer', 'leadgen_source'] loop
    if not exists (
      select from pg_auth_members m
      where m.roleid = v_role::regrole and m.member = 'leadgen_api'::regrole) then
      execute format('grant %I to leadgen_api', v_role);
    end if;
  end loop;
exception
  when unique_violation or internal_error then
    null; -- another installation in this cluster does the same at this moment
  when insufficient_privilege then
    null;
end;
$$;

-- Functions that read for a buyer belong to leadgen_reader, which sees that buyer's rows and no others. Nobody but the
-- owner is a member of it: a deploy declares these functions as the owner.
do $$
begin
  if not pg_has_role('leadgen_owner', 'leadgen_reader', 'member') then
    grant leadgen_reader to leadgen_owner;
  end if;
exception
  when unique_violation or insufficient_privilege then
    null;
end;
$$;

-- A deploy makes temporary tables as the owner. Some revoke that right from PUBLIC.
do $$
begin
  if not has_database_privilege('leadgen_owner', current_database(), 'temporary') then
    execute format('grant temporary on database %I to leadgen_owner', current_database());
  end if;
exception
  when internal_error then
    null; -- another deploy does the same at this moment
end;
$$;

-- A call that waits this long is better refused (503 with Retry-After) and sent again. People get longer; a transaction
-- that they leave open holds up neither leads nor the next deploy for long. Leads are parameters of statements, and no
-- log needs them. A setting that a role has is left as it is.
do $$
declare
  v_role text;
  v_setting text;
begin
  for v_role, v_setting in
    select r.name, unnest(r.settings)
    from (
      values
        ('leadgen_api', '{lock_timeout=5s,statement_timeout=10s,idle_in_transaction_session_timeout=30s,log_parameter_max_length=0}'::text[]),
        ('leadgen_worker', '{lock_timeout=5s,statement_timeout=10s,idle_in_transaction_session_timeout=30s,log_parameter_max_length=0}'),
        ('leadgen_dba', '{lock_timeout=10s,statement_timeout=30min,idle_in_transaction_session_timeout=2min,log_parameter_max_length=0}'),
        ('leadgen_reporting',
          '{lock_timeout=5s,statement_timeout=10min,idle_in_transaction_session_timeout=1min,temp_file_limit=8GB}')
    ) as r (name, settings)
  loop
    if not exists (
      select
      from pg_db_role_setting s, unnest(s.setconfig) c
      where s.setdatabase = 0 and s.setrole = v_role::regrole
        and split_part(c, '=', 1) = split_part(v_setting, '=', 1)
    ) then
      begin
        execute format('alter role %I set %I = %L', v_role, split_part(v_setting, '=', 1), split_part(v_setting, '=', 2));
      exception
        when insufficient_privilege then
          null;
      end;
    end if;
  end loop;
exception
  when internal_error then
    null; -- another installation in this cluster writes the same at this moment
end;
$$;

-- Nobody who only looks takes the connections that leads need.
do $$
declare
  v_role record;
begin
  for v_role in
    select r.rolname, case r.rolname when 'leadgen_dba' then 20 else 10 end as connections
    from pg_roles r
    where r.rolname in ('leadgen_dba', 'leadgen_reporting') and r.rolconnlimit = -1
  loop
    execute format('alter role %I connection limit %s', v_role.rolname, v_role.connections);
  end loop;
exception
  when internal_error then
    null; -- another installation in this cluster writes the same at this moment
  when insufficient_privilege then
    null;
end;
$$;

-- Whoever may take an advisory lock or notify can stop all leads and deliveries: in this database only the owner may.
-- Functions to unlock stay open; some drivers call them. The statement NOTIFY needs no privilege: workers bear it.
do $$
declare
  v_function record;
begin
  for v_function in
    select p.oid::regprocedure as name
    from pg_proc p
    where p.pronamespace = 'pg_catalog'::regnamespace
      and (p.proname ~ '^pg_(try_)?advisory_(xact_)?lock' or p.proname = 'pg_notify')
      and has_function_privilege('public', p.oid, 'execute')
  loop
    execute format('grant execute on function %s to leadgen_owner', v_function.name);
    execute format('revoke execute on function %s from public', v_function.name);
  end loop;
exception
  when internal_error then
    null; -- another deploy does the same at this moment
  when insufficient_privilege then
    null;
end;
$$;

-- Who asks whether a database is a copy asks which server it is on.
do $$
begin
  if not has_function_privilege('leadgen_owner', 'pg_control_system()', 'execute') then
    grant execute on function pg_control_system() to leadgen_owner;
  end if;
exception
  when internal_error then
    null; -- another deploy does the same at this moment
end;
$$;

-- Whoever asks how the server does has to see what other roles' sessions do: how long, not with which rows. Only functions
-- act as the owner, and deploys.
do $$
begin
  if not pg_has_role('leadgen_owner', 'pg_read_all_stats', 'usage') then
    grant pg_read_all_stats to leadgen_owner;
  end if;
exception
  when unique_violation or internal_error then
    null; -- another installation in this cluster does the same at this moment
  when insufficient_privilege then
    null;
end;
$$;

-- The record of a decision is a few kilobytes that repeat themselves: lz4 packs them in a tenth of pglz's time.
do $$
begin
  if exists (select from pg_settings s where s.name = 'default_toast_compression' and 'lz4' = any (s.enumvals) and s.setting <> 'lz4')
    and (select pg_has_role(d.datdba, 'member') from pg_database d where d.datname = current_database()) then
    execute format('alter database %I set default_toast_compression = lz4', current_database());
  end if;
exception
  when internal_error then
    null; -- another deploy writes the same at this moment
end;
$$;
