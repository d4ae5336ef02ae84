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

-- A call that waits this long is better refused (503 with Retry-After) and sent again.
do $$
declare
  v_role text;
  v_setting text;
begin
  foreach v_role in array array['leadgen_api', 'leadgen_worker'] loop
    foreach v_setting in array array['lock_timeout=5s', 'statement_timeout=10s', 'idle_in_transaction_session_timeout=30s'] loop
      if not exists (
        select from pg_db_role_setting s
        where s.setdatabase = 0 and s.setrole = v_role::regrole and v_setting = any (s.setconfig)
      ) then
        execute format('alter role %I set %I = %L', v_role, split_part(v_setting, '=', 1), split_part(v_setting, '=', 2));
      end if;
    end loop;
  end loop;
exception
  when internal_error then
    null; -- another installation in this cluster writes the same at this moment
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
