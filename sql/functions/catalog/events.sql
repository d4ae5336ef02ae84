-- Events that operators cause.

create or replace function catalog.note_action(
  p_kind text,
  p_subject text,
  p_buyer_id bigint,
  p_message text,
  p_facts jsonb
)
returns void
language plpgsql
volatile
as $$
-- The subject carries the machine's time: the same thing done twice is two events, whatever our own clock says.
begin
  insert into leadgen.events (created_at, kind, subject, buyer_id, message, facts)
  values (
    leadgen.clock(), p_kind,
    format('%s at %s', p_subject, to_char(clock_timestamp() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')),
    p_buyer_id, p_message, p_facts || jsonb_build_object('by', session_user)
  )
  on conflict on constraint events_subject_unique do nothing;
end;
$$;
comment on function catalog.note_action(text, text, bigint, text, jsonb) is
  'Writes what an operator did into the events: what, to what, and by which login.';
