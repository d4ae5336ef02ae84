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
  v_email text;
begin
  if jsonb_typeof(p_payload) = 'object' then
    v_request := encode(intake.hash_submission(p_payload), 'hex');
    v_email := ref.read_email(p_payload ->> 'email');
  end if;
  return array(
    select intake.hash_trace('request', v_request) where v_request is not null
    union
    select intake.hash_trace('email', v_email) where v_email is not null
    union
    select intake.hash_trace('email', e.email) from intake.list_emails(v_text) e (email)
    union
    select intake.hash_trace('digits', substr(m[1], w.i, c_window))
    from regexp_matches(translate(v_text, ' ()-./+', ''), '([0-9]{10,})', 'g') m
    cross join lateral (select length(m[1]) - c_window + 1) l (last)
    cross join lateral (
      select generate_series(1, least(c_ends, l.last))
      union all
      select generate_series(greatest(c_ends, l.last - c_ends) + 1, l.last)) w (i)
    union
    select intake.hash_trace('phone', p.phone)
    from intake.list_phones(p_payload, intake.list_countries(p_payload)) p (phone)
  );
end;
$$;
comment on function intake.trace_payload(jsonb) is
  'By what an erasure finds a submission in quarantine: hashes of the whole, of each e-mail in it and of each phone '
  'number.';

create or replace function intake.list_countries(p_payload jsonb)
returns text[]
language sql
stable
as $$
  select array(
    select distinct m.country_code from leadgen.markets m
    union
    select upper(p_payload ->> 'country_code') where p_payload ->> 'country_code' ~ '^[A-Za-z]{2}$');
$$;
comment on function intake.list_countries(jsonb) is
  'The countries in which the phones of a submission are read: those of the markets, and its own.';

create or replace function intake.list_emails(p_text text)
returns setof text
language sql
immutable strict parallel safe
as $$
  select m[1] from regexp_matches(p_text, '([a-z0-9._%+-]+@[a-z0-9.-]+)', 'g') m
  union
  select m[1] from regexp_matches(p_text, E'([^][:space:]"<>,;:\\\\(){}[]+@[^][:space:]"<>,;:\\\\(){}[]+)', 'g') m;
$$;
comment on function intake.list_emails(text) is
  'What may be an e-mail address in a text in lower case, as plain addresses end and as others do.';

create or replace function intake.list_phones(p_payload jsonb, p_country_codes text[])
returns setof text
language plpgsql
stable
as $$
-- A network's post has its answers anywhere. A payload of nothing but numbers costs no more than its first hundred.
declare
  c_most constant integer := 100;
begin
  return query
  select distinct n.e164
  from (
    select v.text
    from jsonb_path_query(p_payload, 'strict $.**') j
    cross join lateral (select j #>> '{}' as text) v
    where jsonb_typeof(j) in ('string', 'number')
      and length(v.text) between 5 and 250
      and (v.text ~ '[0-9].*[0-9].*[0-9]' or octet_length(v.text) > length(v.text))
    limit c_most
  ) t
  cross join unnest(p_country_codes) c (code)
  cross join lateral ref.read_phone(ref.read_code(t.text), c.code) n
  where n.e164 is not null;
end;
$$;
comment on function intake.list_phones(jsonb, text[]) is
  'The phone numbers among the texts of a submission, in E.164, as each is read in one of these countries.';

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
-- Two probes by index: what has no traces is from before they were kept, and purged like the rest.
begin
  return query
  select t.id from leadgen.intake_quarantine t where t.traces && p_traces
  union all
  select t.id from leadgen.intake_quarantine t where t.traces is null;
end;
$$;
comment on function intake.list_traced(bytea[]) is
  'The submissions in quarantine that may be meant by traces; who asks looks at each.';
