-- By what a person's submissions are found in quarantine.

create or replace function intake.hash_trace(p_kind text, p_value text)
returns bytea
language sql
immutable strict parallel safe
as $$
  select substring(sha256(convert_to(p_kind || ':' || p_value, 'UTF8')) from 1 for 8);
$$;
comment on function intake.hash_trace(text, text) is
  'One entry of intake_quarantine.traces. Short: who looks by it looks at the submission as well.';

create or replace function intake.trace_payload(p_payload jsonb)
returns bytea[]
language plpgsql
stable
as $$
-- Whatever erase_quarantined would find in the payload. Of a very long number only the digits at its ends are taken.
declare
  c_window constant integer := 10;
  c_ends constant integer := 40;
  v_text constant text := lower(ref.fold_marks(p_payload::text));
  v_request text;
  v_phone text;
  v_email text;
begin
  if jsonb_typeof(p_payload) = 'object' then
    v_request := encode(intake.hash_submission(p_payload), 'hex');
    v_phone := ref.read_code(p_payload ->> 'phone');
    v_email := ref.read_email(p_payload ->> 'email');
  end if;
  return array(
    select intake.hash_trace('request', v_request) where v_request is not null
    union
    select intake.hash_trace('email', v_email) where v_email is not null
    union
    select intake.hash_trace('email', m[1]) from regexp_matches(v_text, '([a-z0-9._%+-]+@[a-z0-9.-]+)', 'g') m
    union
    select intake.hash_trace('email', m[1])
    from regexp_matches(v_text, E'([^][:space:]"<>,;:\\\\(){}[]+@[^][:space:]"<>,;:\\\\(){}[]+)', 'g') m
    union
    select intake.hash_trace('digits', substr(m[1], i, c_window))
    from regexp_matches(translate(v_text, ' ()-./+', ''), '([0-9]{10,})', 'g') m
    cross join generate_series(1, length(m[1]) - c_window + 1) i
    where i <= c_ends or i > length(m[1]) - c_window + 1 - c_ends
    union
    select intake.hash_trace('phone', (ref.read_phone(v_phone, c.country_code)).e164)
    from (select distinct m.country_code from leadgen.markets m
      union select upper(p_payload ->> 'country_code')) c
    where v_phone is not null and c.country_code ~ '^[A-Z]{2}$'
      and (ref.read_phone(v_phone, c.country_code)).e164 is not null
  );
end;
$$;
comment on function intake.trace_payload(jsonb) is
  'By what an erasure finds a submission in quarantine: hashes of the whole, of each e-mail in it and of each phone '
  'number.';

create or replace function intake.trace_contact(p_email text, p_phone text)
returns bytea[]
language plpgsql
immutable parallel safe
as $$
-- Null and empty: none.
begin
  return array_remove(array[
    intake.hash_trace('email', nullif(lower(p_email), '')),
    intake.hash_trace('digits', substring(regexp_replace(p_phone, E'\\D', '', 'g') from '.{10}$')),
    intake.hash_trace('phone', nullif(p_phone, ''))
  ], null);
end;
$$;
comment on function intake.trace_contact(text, text) is
  'The traces that submissions of an e-mail or a phone, as leads have them, may have.';

create or replace function intake.list_traced(p_traces bytea[])
returns setof bigint
language plpgsql
stable
as $$
-- Two probes by index: what has no traces is of before they were kept, and purged like the rest.
begin
  return query
  select t.id from leadgen.intake_quarantine t where t.traces && p_traces
  union all
  select t.id from leadgen.intake_quarantine t where t.traces is null;
end;
$$;
comment on function intake.list_traced(bytea[]) is
  'The submissions in quarantine that may be meant by traces; who asks looks at each.';
