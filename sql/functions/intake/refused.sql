-- Submissions that are refused with 400 or 413: kept for whoever is asked what became of them.

create or replace function intake.keep_refused(
  p_source_key text,
  p_text text,
  p_context jsonb,
  p_answer jsonb,
  p_cut_bytes bigint,
  p_position integer
)
returns bigint
language plpgsql
volatile
as $$
-- Whose source is not proved pays by its address, or anybody could use up what the source may put into quarantine.
declare
  v_payload jsonb := intake.read_refused(p_source_key, p_text, p_position);
  v_context constant jsonb := p_context - '{can_look_up_mail,signature,sealing}'::text[];
  v_key constant bytea := intake.read_sealing(p_context);
  v_sealed constant bytea := intake.take_blob(p_context #> '{sealing,blobs}', 'text');
  v_source_id constant bigint := intake.find_sender(p_source_key, v_payload, v_context);
  v_hash bytea;
  v_id bigint;
begin
  if v_source_id is null then
    return null;
  elsif p_source_key is not null then
    v_payload := v_payload || jsonb_build_object('source_key', p_source_key);
  end if;
  v_hash := intake.digest_request(
    sha256(convert_to('refused:' || v_payload::text || v_context::text, 'UTF8')), v_key);
  update leadgen.intake_quarantine q
  set times_seen = q.times_seen + 1, last_seen_at = current_timestamp, answered = p_answer,
    reason = left(p_answer ->> 'detail', 500)
  where q.request_hash = v_hash and q.resubmitted_at is null
  returning q.id into v_id;
  if v_id is null and intake.charge_quarantine(
    case when v_context ? 'api_key_hash' then v_source_id end, v_context ->> 'ip_address',
    octet_length(v_payload::text)) is null then
    insert into leadgen.intake_quarantine as q (
      failed_step, reason, payload, context, request_hash, traces, digests, answered, cut_bytes, sealed, seal_due)
    values (
      'malformed', left(p_answer ->> 'detail', 500),
      case when v_sealed is null then v_payload else intake.hide_payload(v_payload) end, v_context, v_hash,
      intake.hide_traces(intake.trace_payload(v_payload), case when v_sealed is not null then v_key end),
      intake.digest_payload(v_payload, case when v_sealed is not null then v_key end),
      p_answer, p_cut_bytes, v_sealed, intake.is_seal_due(v_sealed))
    on conflict (request_hash) where resubmitted_at is null
    do update set times_seen = q.times_seen + 1, last_seen_at = current_timestamp
    returning q.id into v_id;
  end if;
  return v_id;
end;
$$;
comment on function intake.keep_refused(text, text, jsonb, jsonb, bigint, integer) is
  'The work of leadgen.keep_refused.';

create or replace function intake.read_refused(p_source_key text, p_text text, p_position integer)
returns jsonb
language plpgsql
stable
as $$
declare
  v_document jsonb := intake.read_text(p_text);
  v_map jsonb;
begin
  if jsonb_typeof(v_document) is distinct from 'object' then
    return jsonb_build_object('body', p_text);
  elsif p_source_key is null then
    return v_document;
  end if;
  select m.body into v_map
  from leadgen.sources s
  join leadgen.source_maps sm on sm.source_id = s.id
  join leadgen.field_maps m on m.id = sm.field_map_id
  where s.source_key = p_source_key;
  if v_map is null or p_position is null then
    return jsonb_build_object('body', p_text);
  end if;
  return intake.apply_field_map(v_map, intake.wrap_lead(intake.split_post(v_map, v_document) -> p_position));
end;
$$;
comment on function intake.read_refused(text, text, integer) is
  'What was refused as a payload: the object that was sent, the lead at a position of a source''s post, or else the '
  'text as its member body.';

create or replace function intake.read_text(p_text text)
returns jsonb
language plpgsql
immutable
as $$
begin
  return case when not ref.has_huge_number(p_text) then p_text::jsonb end;
exception
  when data_exception or statement_too_complex then
    return null;
end;
$$;
comment on function intake.read_text(text) is 'A text as JSON; null where it is none.';

create or replace function intake.find_sender(p_source_key text, p_payload jsonb, p_context jsonb)
returns bigint
language plpgsql
stable
as $$
-- A post to a source's own address names it there; what proves it may be in a body that nobody can read.
declare
  v_request intake.lead_request;
begin
  if p_source_key is not null and not p_context ? 'api_key_hash' then
    return (
      select s.id
      from leadgen.sources s join leadgen.source_maps m on m.source_id = s.id
      where s.source_key = p_source_key);
  end if;
  v_request.api_key_hash := p_context ->> 'api_key_hash';
  v_request.source_key := coalesce(p_source_key, ref.collapse_space(p_payload ->> 'source_key'),
    substring(p_payload ->> 'body' from E'"source_key"\\s*:\\s*"([^"\\\\]{1,100})"'));
  v_request.page_url := coalesce(
    ref.collapse_space(p_payload ->> 'landing_url'), p_context ->> 'referer', p_context ->> 'origin');
  return intake.find_source(v_request);
exception
  when sqlstate 'LG401' or sqlstate 'LG403' then
    return null;
end;
$$;
comment on function intake.find_sender(text, jsonb, jsonb) is
  'The source of a submission that was refused, as far as it can be told; null: none, or its key is not valid.';

create or replace function intake.read_kept(p_payload jsonb, p_quarantine_id bigint)
returns jsonb
language plpgsql
stable
as $$
declare
  v_payload jsonb;
begin
  if not p_payload ? 'body' then
    return p_payload;
  end if;
  v_payload := intake.read_refused(null, p_payload ->> 'body', null);
  if v_payload ? 'body' or p_payload ? 'source_key' then
    perform kernel.refuse('LG409', format('Submission %s cannot be read', p_quarantine_id), 'quarantine_id',
      'a body that is no lead', 'one JSON object', 'Ask its sender to post it again.');
  end if;
  return v_payload;
end;
$$;
comment on function intake.read_kept(jsonb, bigint) is
  'The payload of a submission in quarantine. LG409 where what was sent cannot be read, or is no single lead.';
