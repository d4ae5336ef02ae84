-- The one clock.

create or replace function leadgen.clock()
returns timestamptz
language plpgsql
volatile
as $$
-- The one "now" of the system. The override serves tests and rehearsals; it is honoured only where
-- the person who logged in may act as the owner, so a session of the API or the worker cannot use it.
declare
  v_override constant text := current_setting('leadgen.clock', true);
begin
  if v_override is null or v_override = '' or not pg_has_role(session_user, 'leadgen_owner', 'member') then
    return clock_timestamp();
  end if;
  return v_override::timestamptz;
end;
$$;
comment on function leadgen.clock() is 'Now. The setting leadgen.clock overrides it for the owner and superusers only.';
