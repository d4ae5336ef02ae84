-- What is stored clear and is to be sealed: handed to workers, and taken back sealed.

create or replace function privacy.list_unsealed(p_limit integer)
returns table (kind text, id bigint, digest text, document jsonb, sealed bytea)
language plpgsql
volatile
as $$
-- Flagged rows first. A walk goes on when they are done. In a copy nothing is done, as by chores.
begin
  if catalog.is_copy() then
    return;
  end if;
  return query
  select u.kind, u.id, intake.digest_text(u.document), u.document, null::bytea
  from (
    (select 'lead' as kind, l.id, privacy.list_clear(l) as document
      from leadgen.leads l where l.seal_due order by l.id limit p_limit)
    union all
    (select 'submission', q.id, jsonb_build_object('payload', q.payload)
      from leadgen.intake_quarantine q where q.seal_due order by q.id limit p_limit)
    union all
    (select 'post', f.id, jsonb_build_object('lead', f.lead)
      from leadgen.lead_fetches f where f.seal_due order by f.id limit p_limit)
  ) u
  limit p_limit;
  if not found then
    return query select * from privacy.walk_on(p_limit);
  end if;
end;
$$;
comment on function privacy.list_unsealed(integer) is 'The work of leadgen.list_unsealed.';

create or replace function privacy.list_clear(p_lead leadgen.leads)
returns jsonb
language plpgsql
immutable
as $$
begin
  return jsonb_build_object(
    'contact', jsonb_build_array(p_lead.name, p_lead.email, p_lead.phone, p_lead.phone_extension, p_lead.message),
    'submitted', p_lead.submitted);
end;
$$;
comment on function privacy.list_clear(leadgen.leads) is 'What of a clear lead is sealed.';

create or replace function privacy.keep_sealed(p_items jsonb, p_hash_key text)
returns integer
language plpgsql
volatile
as $$
-- What was changed or erased meanwhile is left, and handed out again, as are rows that somebody holds: nobody is waited
-- for, so the order of the tables is no order of locks.
declare
  v_key constant bytea := intake.read_hash_key(p_hash_key);
  v_count integer := 0;
  v_done integer;
begin
  with retired as materialized (
    select l.id, i.blob
    from privacy.read_items(p_items, 'lead') i
    join leadgen.leads l on l.id = i.id
    where encode(sha256(l.sealed), 'hex') = i.digest
    for no key update of l skip locked
  )
  update leadgen.leads l set sealed = r.blob from retired r where l.id = r.id;
  get diagnostics v_done = row_count;
  v_count := v_count + v_done;

  with clear as materialized (
    select l.id, i.blob
    from privacy.read_items(p_items, 'lead') i
    join leadgen.leads l on l.id = i.id
    where l.sealed is null and l.erased_at is null and intake.digest_text(privacy.list_clear(l)) = i.digest
    for no key update of l skip locked
  )
  update leadgen.leads l
  set
    sealed = c.blob, seal_due = null,
    name = coalesce(ref.mask_name(l.name), ''),
    email = ref.seal_email(l.email, v_key),
    phone = ref.seal_phone(l.phone, v_key),
    phone_extension = left(repeat('*', length(l.phone_extension)), 1), message = null, submitted = null,
    signals = privacy.note_line_types(l),
    request_hash = intake.digest_request(l.request_hash, v_key),
    idempotency_key = privacy.hide_key(l, v_key)
  from clear c
  where l.id = c.id;
  get diagnostics v_done = row_count;
  v_count := v_count + v_done;

  return v_count + privacy.keep_sealed_submissions(p_items, v_key);
end;
$$;
comment on function privacy.keep_sealed(jsonb, text) is 'The work of leadgen.keep_sealed.';

create or replace function privacy.keep_sealed_submissions(p_items jsonb, p_key bytea)
returns integer
language plpgsql
volatile
as $$
declare
  v_count integer;
  v_done integer;
begin
  with clear as materialized (
    select q.id, i.blob
    from privacy.read_items(p_items, 'submission') i
    join leadgen.intake_quarantine q on q.id = i.id
    where q.seal_due and intake.digest_text(jsonb_build_object('payload', q.payload)) = i.digest
    for update of q skip locked
  )
  update leadgen.intake_quarantine q
  set
    sealed = c.blob, seal_due = null, payload = intake.hide_payload(q.payload),
    traces = intake.hide_traces(q.traces, p_key), request_hash = intake.digest_request(q.request_hash, p_key)
  from clear c
  where q.id = c.id;
  get diagnostics v_count = row_count;

  with clear as materialized (
    select f.id, i.blob
    from privacy.read_items(p_items, 'post') i
    join leadgen.lead_fetches f on f.id = i.id
    where f.seal_due and intake.digest_text(jsonb_build_object('lead', f.lead)) = i.digest
    for update of f skip locked
  )
  update leadgen.lead_fetches f
  set sealed = c.blob, seal_due = null, lead = intake.hide_payload(f.lead)
  from clear c
  where f.id = c.id;
  get diagnostics v_done = row_count;
  return v_count + v_done;
end;
$$;
comment on function privacy.keep_sealed_submissions(jsonb, bytea) is
  'Takes back submissions in quarantine and posts that a worker has sealed.';

create or replace function privacy.read_items(p_items jsonb, p_kind text)
returns table (id bigint, digest text, blob bytea)
language plpgsql
immutable
as $$
begin
  return query
  select r.id, r.digest, decode(r.blob, 'base64')
  from jsonb_to_recordset(p_items) as r (kind text, id bigint, digest text, blob text)
  where r.kind = p_kind;
end;
$$;
comment on function privacy.read_items(jsonb, text) is 'Those of one kind among what a worker has sealed.';

create or replace function privacy.note_line_types(p_lead leadgen.leads)
returns kernel.lead_signals
language plpgsql
stable
as $$
declare
  v_signals kernel.lead_signals := p_lead.signals;
begin
  if not v_signals is null then
    v_signals.line_types := ref.find_line_types(
      p_lead.phone, coalesce(v_signals.phone_country, p_lead.country_code));
  end if;
  return v_signals;
end;
$$;
comment on function privacy.note_line_types(leadgen.leads) is
  'The signals of a clear lead with what returns ask of its phone, which is sealed now.';

create or replace function privacy.hide_key(p_lead leadgen.leads, p_key bytea)
returns text
language plpgsql
stable
as $$
-- A derived key is a hash of the contact. Where the same lead came sealed as well, its key is that one's.
declare
  v_key text;
begin
  if p_lead.idempotency_key !~ '^auto:[0-9a-f]{64}$' then
    return p_lead.idempotency_key;
  end if;
  v_key := 'auto:' || encode(intake.digest_request(decode(substr(p_lead.idempotency_key, 6), 'hex'), p_key), 'hex');
  return case
    when exists (
      select from leadgen.leads l where l.source_id = p_lead.source_id and l.idempotency_key = v_key)
      then 'sealed:' || p_lead.id
    else v_key end;
end;
$$;
comment on function privacy.hide_key(leadgen.leads, bytea) is
  'The idempotency key of a lead that is sealed now: one derived from the contact is put under the digest key.';

create or replace function privacy.measure_sealing()
returns jsonb
language plpgsql
stable
as $$
begin
  return jsonb_build_object(
    'seals', (select s.seals from leadgen.settings s),
    'waiting', (select count(*) from leadgen.leads l where l.seal_due)
      + (select count(*) from leadgen.intake_quarantine q where q.seal_due)
      + (select count(*) from leadgen.lead_fetches f where f.seal_due),
    'walks', coalesce((
      select jsonb_object_agg(w.kind, jsonb_build_object('next_id', w.next_id, 'last_id', w.last_id))
      from leadgen.sealing_walks w), '{}'),
    'wrapped_by', coalesce((
      select jsonb_object_agg(k.wrapped_by, k.keys)
      from (select d.wrapped_by, count(*) as keys from leadgen.data_keys d group by d.wrapped_by) k), '{}'),
    'retired', (select count(*) from leadgen.data_keys d where d.retired_at is not null));
end;
$$;
comment on function privacy.measure_sealing() is 'The work of leadgen.measure_sealing.';
