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

create or replace function catalog.note_addresses()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
-- Whoever redirects a buyer's leads is seen to do so. The trigger names the columns of addresses as its arguments, each
-- with its channel. Of an address only as much is written as tells two apart: a URL may be signed, and a report reads
-- events.
declare
  v_is_buyer constant boolean := tg_table_name = 'buyers';
  v_new constant jsonb := to_jsonb(new);
  v_old jsonb := '{}';
  v_buyer_id constant bigint := v_new ->> case when v_is_buyer then 'id' else 'buyer_id' end;
  v_subject constant text := format('%s %s', case when v_is_buyer then 'buyer' else 'enrollment' end, new.id);
  v_column text;
  v_before text;
  v_after text;
begin
  if tg_op = 'UPDATE' then
    v_old := to_jsonb(old);
  end if;
  foreach v_column in array tg_argv loop
    continue when v_old ->> v_column is not distinct from v_new ->> v_column;
    v_before := coalesce(catalog.mask_address(v_old ->> v_column), 'none');
    v_after := coalesce(catalog.mask_address(v_new ->> v_column), 'none');
    perform catalog.note_action(
      'address_changed', format('%s %s', v_subject, v_column), v_buyer_id,
      format('%s: %s is %s, was %s', v_subject, v_column, v_after,
        case v_before when v_after then 'another one there' else v_before end),
      jsonb_strip_nulls(jsonb_build_object('column', v_column, 'was', v_before, 'is', v_after,
        'actor', nullif(current_setting('leadgen.actor', true), '')))); -- the login is the API's for all of its users
  end loop;
  return null;
end;
$$;
comment on function catalog.note_addresses() is
  'Trigger: an event for each address of a buyer or an enrollment that changes: which column, from where to where, and '
  'by which login.';

create or replace function catalog.mask_address(p_address text)
returns text
language plpgsql
immutable strict parallel safe
as $$
begin
  return case
    when p_address ~* '^https?://' then substring(p_address from '(?i)^https?://[^/?#]*')
    when p_address ~ '@' then left(p_address, 1) || '...' || substring(p_address from '@[^@]*$')
    else '...' || right(p_address, 4)
  end;
end;
$$;
comment on function catalog.mask_address(text) is
  'An address without what is secret or personal: the host of a URL, the first letter and domain of an e-mail address, '
  'the last four digits of a number.';
