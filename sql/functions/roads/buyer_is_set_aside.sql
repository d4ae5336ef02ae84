-- Road: a chore of money fails with a buyer, which stops no other.

create or replace function roads.set_aside(
  p_chore text,
  p_buyer_id bigint,
  p_state text,
  p_message text,
  p_now timestamptz
)
returns boolean
language plpgsql
volatile
as $$
-- The one judge of such faults. One of the server, or of us, is raised again by whoever asks.
begin
  if not kernel.is_fault_of_row(p_state) and p_state <> '55P03' then
    return false;
  end if;
  perform roads.tell_unbilled(p_buyer_id, p_chore, p_state, p_message, p_now);
  return true;
end;
$$;
comment on function roads.set_aside(text, bigint, text, text, timestamptz) is
  'Whether an error that a chore met is the buyer''s: it was undone and is told, and the next buyer has its turn. '
  'False: it is to be raised again.';

create or replace function roads.tell_unbilled(
  p_buyer_id bigint,
  p_chore text,
  p_state text,
  p_message text,
  p_now timestamptz
)
returns void
language plpgsql
volatile
as $$
-- Once a day. What somebody else held is no fault.
begin
  if p_state = '55P03' then
    return;
  end if;
  insert into leadgen.events (created_at, kind, subject, buyer_id, message, facts)
  values (
    p_now, 'billing_failed', format('%s of buyer %s on %s', p_chore, p_buyer_id, (p_now at time zone 'UTC')::date),
    p_buyer_id, format('buyer %s: the chore %s failed: %s', p_buyer_id, p_chore, p_message),
    jsonb_build_object('chore', p_chore, 'sqlstate', p_state, 'error', p_message))
  on conflict on constraint events_subject_unique do nothing;
end;
$$;
comment on function roads.tell_unbilled(bigint, text, text, text, timestamptz) is
  'An event for operators: a chore failed with a buyer, and why.';
