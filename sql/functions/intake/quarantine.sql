-- Submissions that no active source claims.

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
      intake.derive_idempotency_key(intake.normalize_request(p_request, p_route), p_route, leadgen.clock()));
    select l.id into v_lead_id from leadgen.leads l where l.source_id = p_route.source_id and l.idempotency_key = v_key;
    if found then
      return intake.repeat_answer(v_lead_id, intake.hash_submission(p_payload), p_request.idempotency_key is null);
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
  v_context constant jsonb := p_context - 'can_look_up_mail';
  v_hash constant bytea := sha256(convert_to(p_payload::text || v_context::text, 'UTF8'));
  v_id bigint;
begin
  insert into leadgen.intake_quarantine as q (failed_step, reason, payload, context, request_hash)
  values (p_route.failed_step, p_route.failed_reason, p_payload, v_context, v_hash)
  on conflict (request_hash) where resubmitted_at is null
  do update set times_seen = q.times_seen + 1, last_seen_at = current_timestamp,
    failed_step = excluded.failed_step, reason = excluded.reason
  returning q.id into v_id;
  return jsonb_build_object(
    'status', 'quarantined',
    'quarantine_id', v_id,
    'step', p_route.failed_step,
    'message', 'The lead is kept, but not accepted: ' || p_route.failed_reason
  );
end;
$$;
comment on function intake.quarantine_submission(jsonb, jsonb, catalog.route) is
  'Keeps a submission that no active source claims, whole; the same submission again raises its count.';

create or replace function intake.is_submission_of(p_payload jsonb, p_email text, p_phone text, p_country_code text)
returns boolean
language plpgsql
stable
as $$
-- A network's post has its answers anywhere, so the contact is looked for in the text.
declare
  v_email constant text := '(^|[^a-z0-9._%+-])'
    || regexp_replace(nullif(p_email, ''), '([^a-zA-Z0-9@])', '\\\1', 'g') || '($|[^a-z0-9.-])';
  v_digits constant text := right(regexp_replace(p_phone, '\D', '', 'g'), 10);
begin
  return coalesce(p_payload::text ~* v_email, false)
    or coalesce(ref.normalize_email(ref.collapse_space(p_payload ->> 'email')) = nullif(p_email, ''), false)
    or coalesce(length(v_digits) = 10 and translate(p_payload::text, ' ()-./+', '') like '%' || v_digits || '%', false)
    or coalesce(
      p_phone <> '' and (ref.read_phone(p_payload ->> 'phone', p_country_code)).e164 = p_phone, false);
end;
$$;
comment on function intake.is_submission_of(jsonb, text, text, text) is
  'Whether a submission carries an e-mail or a phone, as a lead of this country has them; null or empty: none.';

create or replace function intake.list_quarantined_of(p_email text, p_phone text, p_country_code text)
returns setof bigint
language plpgsql
stable
as $$
-- A read of the whole quarantine, which is short.
begin
  return query
  select q.id
  from leadgen.intake_quarantine q
  where q.payload <> '{}' and intake.is_submission_of(q.payload, p_email, p_phone, p_country_code)
  order by q.id;
end;
$$;
comment on function intake.list_quarantined_of(text, text, text) is
  'The quarantined submissions that carry an e-mail or a phone, resubmitted ones included.';

create or replace function intake.erase_quarantined(p_lead leadgen.leads, p_now timestamptz)
returns void
language plpgsql
volatile
as $$
-- By what the lead was, so before it is struck out. A read of the whole quarantine, which is short.
begin
  perform intake.empty_quarantined(array(
    select c.id
    from leadgen.intake_quarantine c
    where c.payload <> '{}'
      and (c.lead_id = p_lead.id
        or case when jsonb_typeof(c.payload) = 'object' then intake.hash_submission(c.payload) = p_lead.request_hash end
        or intake.is_submission_of(c.payload, p_lead.email, p_lead.phone, p_lead.country_code))), p_now);
end;
$$;
comment on function intake.erase_quarantined(leadgen.leads, timestamptz) is
  'Empties quarantined submissions of the same request, e-mail or phone as a lead; they are not resubmitted any more.';

create or replace function intake.empty_quarantined(p_ids bigint[], p_now timestamptz)
returns boolean
language plpgsql
volatile
as $$
-- Rows by id.
begin
  update leadgen.intake_quarantine q
  set payload = '{}', context = '{}', request_hash = sha256(convert_to('erased:' || q.id, 'UTF8')),
    resubmitted_at = coalesce(q.resubmitted_at, p_now)
  where q.id in (
    select c.id from leadgen.intake_quarantine c
    where c.id = any (p_ids) and c.payload <> '{}'
    order by c.id
    for update);
  return found;
end;
$$;
comment on function intake.empty_quarantined(bigint[], timestamptz) is
  'Takes out of quarantined submissions all that was sent; false when nothing was left of them.';
