-- Submissions that are no lead: no active source claims them, or they are refused.

create or replace function intake.turn_away(
  p_request intake.lead_request,
  p_route catalog.route,
  p_payload jsonb,
  p_context jsonb
)
returns jsonb
language plpgsql
volatile
as $$
-- A lead that was taken before its offer was switched off has its answer; it must not come into quarantine as well.
declare
  v_lead_id bigint;
  v_key text := p_request.idempotency_key;
begin
  if p_route.source_id is not null then
    v_key := coalesce(v_key,
      intake.derive_idempotency_key(
        intake.normalize_request(p_request, p_route), p_route, leadgen.clock(), p_request.hash_key));
    select l.id into v_lead_id from leadgen.leads l where l.source_id = p_route.source_id and l.idempotency_key = v_key;
    if found then
      return intake.repeat_answer(v_lead_id, intake.hash_submission(p_payload), p_request);
    end if;
  end if;
  return intake.quarantine_submission(p_payload, p_context, p_route);
end;
$$;
comment on function intake.turn_away(intake.lead_request, catalog.route, jsonb, jsonb) is
  'What a submission gets whose route is not open: the first answer if it was taken earlier, else quarantine.';

create or replace function intake.quarantine_submission(p_payload jsonb, p_context jsonb, p_route catalog.route)
returns jsonb
language plpgsql
volatile
as $$
-- What the caller could do at that moment is not kept: the operator who resubmits it cannot look up mail domains.
declare
  v_context constant jsonb := p_context - '{can_look_up_mail,sealing}'::text[];
  v_key constant bytea := intake.read_sealing(p_context);
  v_hash constant bytea := intake.digest_request(
    sha256(convert_to(p_payload::text || v_context::text, 'UTF8')), v_key);
  v_sealed bytea;
  v_id bigint;
  v_refusal jsonb;
begin
  update leadgen.intake_quarantine q
  set times_seen = q.times_seen + 1, last_seen_at = current_timestamp,
    failed_step = p_route.failed_step, reason = p_route.failed_reason
  where q.request_hash = v_hash and q.resubmitted_at is null
  returning q.id into v_id;
  if v_id is null then
    if v_key is not null then
      v_sealed := intake.take_blob(p_context #> '{sealing,blobs}', intake.digest_text(p_payload));
      if v_sealed is null then
        return intake.ask_to_seal(
          'submission', intake.digest_text(p_payload), jsonb_build_object('payload', p_payload));
      end if;
    end if;
    v_refusal := intake.charge_quarantine(p_route.source_id, v_context ->> 'ip_address', octet_length(p_payload::text));
    if v_refusal is not null then
      return v_refusal;
    end if;
    insert into leadgen.intake_quarantine as q (
      failed_step, reason, payload, context, request_hash, traces, digests, sealed, seal_due)
    values (
      p_route.failed_step, p_route.failed_reason,
      case when v_sealed is null then p_payload else intake.hide_payload(p_payload) end, v_context, v_hash,
      intake.hide_traces(intake.trace_payload(p_payload), v_key), intake.digest_payload(p_payload, v_key), v_sealed,
      intake.is_seal_due(v_sealed))
    on conflict (request_hash) where resubmitted_at is null
    do update set times_seen = q.times_seen + 1, last_seen_at = current_timestamp
    returning q.id into v_id;
  end if;
  return jsonb_build_object(
    'status', 'quarantined',
    'quarantine_id', v_id,
    'step', p_route.failed_step,
    'message', 'The lead is kept, but not accepted: ' || p_route.failed_reason
  );
end;
$$;
comment on function intake.quarantine_submission(jsonb, jsonb, catalog.route) is
  'Keeps a submission that no active source claims, whole; the same submission again raises its count. Status limited:'
  ' its sender has put too much into quarantine.';

create or replace function intake.charge_quarantine(p_source_id bigint, p_address text, p_bytes integer)
returns jsonb
language plpgsql
volatile
as $$
-- Bytes and not rows, for a row may be a hundred times another. Whose source is known pays for it, however many
-- addresses post for it.
declare
  v_source_key constant text := (select s.source_key from leadgen.sources s where s.id = p_source_id);
  v_name text := case when v_source_key is not null then 'quarantine_source' else 'quarantine_address' end;
  v_subject constant text := coalesce(v_source_key, intake.name_network(p_address));
  v_granted double precision;
  v_retry_after integer;
begin
  if v_subject is not null then
    select t.granted, t.retry_after into v_granted, v_retry_after
    from intake.take_tokens(v_name, v_subject, p_bytes, p_bytes) t;
  end if;
  if v_granted is distinct from 0 then
    v_name := 'quarantine';
    select t.granted, t.retry_after into v_granted, v_retry_after
    from intake.take_tokens(v_name, '*', p_bytes, p_bytes) t;
  end if;
  return case when v_granted = 0 then jsonb_build_object(
    'status', 'limited',
    'limit', v_name,
    'retry_after', v_retry_after,
    'message', 'No active source claims this lead, and its sender has too many in quarantine. It is not kept.') end;
end;
$$;
comment on function intake.charge_quarantine(bigint, text, integer) is
  'Takes the bytes of a submission out of what its source, or its address, and everybody may put into quarantine. Null:'
  ' it may come in; else the answer to its sender.';

create or replace function intake.purge_quarantine()
returns integer
language plpgsql
volatile
as $$
declare
  v_now constant timestamptz := leadgen.clock();
  v_keep constant interval := (select r.keep from leadgen.retention_rules r where r.name = 'quarantine');
  v_days constant integer := extract(epoch from v_now - (v_now - v_keep)) / 86400;
  v_count integer;
  v_waiting integer;
begin
  with gone as (
    delete from leadgen.intake_quarantine q
    where q.id in (
      select o.id
      from leadgen.intake_quarantine o
      where o.last_seen_at < v_now - v_keep
      order by o.last_seen_at
      limit 1000
      for update skip locked)
    returning q.resubmitted_at
  )
  select count(*), count(*) filter (where g.resubmitted_at is null) into v_count, v_waiting from gone g;
  if v_waiting > 0 then
    insert into leadgen.events (created_at, kind, subject, message, facts)
    values (
      v_now, 'quarantine_purged', (v_now at time zone 'UTC')::date::text,
      format('%s deleted after %s in quarantine: no source claimed them',
        kernel.count_of(v_waiting, 'submission'), kernel.count_of(v_days, 'day')),
      jsonb_build_object('submissions', v_waiting, 'days', v_days))
    on conflict on constraint events_subject_unique do update
    set
      facts = events.facts
        || jsonb_build_object('submissions', (events.facts ->> 'submissions')::integer + v_waiting),
      message = format('%s deleted after %s in quarantine: no source claimed them',
        kernel.count_of((events.facts ->> 'submissions')::integer + v_waiting, 'submission'),
        kernel.count_of(v_days, 'day'));
  end if;
  return v_count;
end;
$$;
comment on function intake.purge_quarantine() is
  'Deletes submissions that last came into quarantine longer ago than the retention rule quarantine says, at most '
  '1,000; returns how many. An event counts those that nobody resubmitted.';

create or replace function intake.spread_digits(p_digits text)
returns text
language plpgsql
immutable strict parallel safe
as $$
begin
  return regexp_replace(p_digits, '([0-9])', E'\\1[ ()./+-]*', 'g');
end;
$$;
comment on function intake.spread_digits(text) is
  'A regular expression of digits as people write them: with spaces, brackets, dots, slashes and signs after each.';

create or replace function intake.is_submission_of(p_payload jsonb, p_email text, p_phone text, p_country_code text)
returns boolean
language plpgsql
stable
as $$
-- A network's post has its answers anywhere, so the contact is looked for in the text. Of a phone these are its
-- last ten digits, and whatever text is read as it. Right before the digits may be more of the phone and a prefix that
-- is dialled, but no other digit; right after them, none.
declare
  v_own_country constant text := upper(ref.read_code(p_payload ->> 'country_code'));
  v_text constant text := ref.fold_marks(p_payload::text);
  v_email constant text := '(^|[^a-z0-9._%+-])'
    || regexp_replace(nullif(p_email, ''), '([^a-zA-Z0-9@])', E'\\\\\\1', 'g') || '($|[^a-z0-9.-])';
  v_digits constant text := regexp_replace(p_phone, E'\\D', '', 'g');
  v_number constant text := (
    select format('(^|[^0-9])(00|011|0|8)?[ ()./+-]*(%s)?%s($|[^0-9])',
      string_agg(intake.spread_digits(left(substr(v_digits, n), -10)), '|'), intake.spread_digits(right(v_digits, 10)))
    from generate_series(1, length(v_digits) - 10) n);
begin
  return coalesce(v_text ~* v_email, false)
    or coalesce(ref.read_email(p_payload ->> 'email') = nullif(p_email, ''), false)
    or coalesce(length(v_digits) >= 10 and v_text ~ v_number, false)
    or nullif(p_phone, '') in (
      select l.phone
      from intake.list_phones(p_payload, case
        when v_own_country ~ '^[A-Z]{2}$' then array[v_own_country]
        else array[p_country_code, (ref.read_phone(nullif(p_phone, ''), null)).country_code]
      end) l (phone));
end;
$$;
comment on function intake.is_submission_of(jsonb, text, text, text) is
  'Whether a submission carries an e-mail or a phone, as a lead of this country has them; null or empty: none. Its '
  'phones are read in its own country; where it names none, in this one and in the country of the phone.';

create or replace function intake.list_quarantined_of(
  p_email text,
  p_phone text,
  p_country_code text,
  p_key bytea
)
returns setof bigint
language plpgsql
stable
as $$
-- A sealed submission is found by its traces alone, under the digest key.
declare
  v_traces constant bytea[] := intake.trace_contact(p_email, p_phone);
begin
  return query
  select q.id
  from intake.list_traced(v_traces) t (id)
  join leadgen.intake_quarantine q on q.id = t.id
  where q.payload <> '{}' and q.sealed is null
    and intake.is_submission_of(q.payload, p_email, p_phone, p_country_code)
  union
  select q.id
  from leadgen.intake_quarantine q
  where p_key is not null and q.traces && intake.hide_traces(v_traces, p_key) and q.sealed is not null
    and q.payload <> '{}'
  order by 1;
end;
$$;
comment on function intake.list_quarantined_of(text, text, text, bytea) is
  'The quarantined submissions that carry an e-mail or a phone, resubmitted ones included; sealed ones by the digest '
  'key p_key.';

create or replace function intake.erase_quarantined(
  p_lead leadgen.leads,
  p_digests bytea[],
  p_key bytea,
  p_now timestamptz
)
returns void
language plpgsql
volatile
as $$
-- By what the lead was, so before it is struck out: p_lead has its clear contact, if its caller could open it, and
-- p_digests are those of its row.
declare
  v_traces constant bytea[] := intake.trace_contact(p_lead.email, p_lead.phone)
    || intake.hash_trace('request', encode(p_lead.request_hash, 'hex'));
begin
  perform intake.empty_quarantined(array(
    select s.id from intake.list_quarantined_of(p_lead.email, p_lead.phone, p_lead.country_code, p_key) s (id)
    where p_key is not null
    union
    select d.id from intake.list_digested(p_digests) d (id)
    union
    select c.id
    from (
      select t.id from intake.list_traced(v_traces) t (id)
      union
      select t.id from leadgen.intake_quarantine t where t.lead_id = p_lead.id
    ) found
    join leadgen.intake_quarantine c on c.id = found.id
    where c.payload <> '{}'
      and (c.lead_id = p_lead.id
        or case when jsonb_typeof(c.payload) = 'object' then intake.hash_submission(c.payload) = p_lead.request_hash end
        or intake.is_submission_of(c.payload, p_lead.email, p_lead.phone, p_lead.country_code))), p_now);
end;
$$;
comment on function intake.erase_quarantined(leadgen.leads, bytea[], bytea, timestamptz) is
  'Empties quarantined submissions of the same request, e-mail or phone as a lead; they are not resubmitted any more.';

create or replace function intake.empty_quarantined(p_ids bigint[], p_now timestamptz)
returns boolean
language plpgsql
volatile
as $$
-- Rows by id.
declare
  v_is_new boolean;
begin
  update leadgen.intake_quarantine q
  set payload = '{}', context = '{}', traces = '{}', digests = '{}', answered = null, sealed = null, seal_due = null,
    request_hash = sha256(convert_to('erased:' || q.id, 'UTF8')),
    resubmitted_at = coalesce(q.resubmitted_at, p_now)
  where q.id in (
    select c.id from leadgen.intake_quarantine c
    where c.id = any (p_ids) and c.payload <> '{}'
    order by c.id
    for update);
  v_is_new := found;
  delete from leadgen.lead_fetches f where f.quarantine_id = any (p_ids);
  return v_is_new;
end;
$$;
comment on function intake.empty_quarantined(bigint[], timestamptz) is
  'Takes out of quarantined submissions all that was sent; false when nothing was left of them.';
