-- What is stored clear and is to be sealed: handed to workers, and taken back sealed.

create or replace function privacy.list_unsealed(p_limit integer)
returns table (kind text, id bigint, digest text, document jsonb, sealed bytea)
language plpgsql
volatile
as $$
-- Flagged rows first. A walk goes on when they are done; then what was sealed before there were digests gets them. In
-- a copy nothing is done, as by chores.
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
  if found then
    return;
  end if;
  return query select * from privacy.walk_on(p_limit);
  if not found then
    return query select * from privacy.list_undigested(p_limit);
  end if;
end;
$$;
comment on function privacy.list_unsealed(integer) is 'The work of leadgen.list_unsealed.';

create or replace function privacy.list_undigested(p_limit integer)
returns table (kind text, id bigint, digest text, document jsonb, sealed bytea)
language plpgsql
stable
as $$
begin
  return query
  select u.kind, u.id, encode(sha256(u.sealed), 'hex'), null::jsonb, u.sealed
  from (
    (select 'submission' as kind, q.id, q.sealed
      from leadgen.intake_quarantine q where q.digests is null and q.sealed is not null order by q.id limit p_limit)
    union all
    (select 'post', f.id, f.sealed
      from leadgen.lead_fetches f where f.digests is null and f.sealed is not null order by f.id limit p_limit)
  ) u
  limit p_limit;
end;
$$;
comment on function privacy.list_undigested(integer) is
  'Submissions and posts that were sealed without digests: who opens them hands the text back with the new seal.';

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
    where encode(sha256(l.sealed), 'hex') = i.digest and i.blob is not null
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

  return v_count + privacy.keep_sealed_submissions(p_items, v_key) + privacy.keep_digests(p_items, v_key)
    + privacy.pass_unopened(p_items);
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
    traces = intake.hide_traces(q.traces, p_key), digests = intake.digest_payload(q.payload, p_key),
    request_hash = intake.digest_request(q.request_hash, p_key)
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
  set
    sealed = c.blob, seal_due = null, lead = intake.hide_payload(f.lead),
    digests = intake.digest_payload(f.lead, p_key)
  from clear c
  where f.id = c.id;
  get diagnostics v_done = row_count;
  return v_count + v_done;
end;
$$;
comment on function privacy.keep_sealed_submissions(jsonb, bytea) is
  'Takes back submissions in quarantine and posts that a worker has sealed.';

create or replace function privacy.keep_digests(p_items jsonb, p_key bytea)
returns integer
language plpgsql
volatile
as $$
-- A text that nobody can open has no digests: nothing finds it, and nothing waits for it.
declare
  v_count integer;
  v_done integer;
begin
  with opened as materialized (
    select q.id, i.blob, i.document
    from privacy.read_items(p_items, 'submission') i
    join leadgen.intake_quarantine q on q.id = i.id
    where q.digests is null and encode(sha256(q.sealed), 'hex') = i.digest
    for update of q skip locked
  )
  update leadgen.intake_quarantine q
  set
    sealed = coalesce(o.blob, q.sealed),
    digests = coalesce(intake.digest_payload(intake.read_sealed(o.document), p_key), '{}')
  from opened o
  where q.id = o.id;
  get diagnostics v_count = row_count;

  with opened as materialized (
    select f.id, i.blob, i.document
    from privacy.read_items(p_items, 'post') i
    join leadgen.lead_fetches f on f.id = i.id
    where f.digests is null and encode(sha256(f.sealed), 'hex') = i.digest
    for update of f skip locked
  )
  update leadgen.lead_fetches f
  set
    sealed = coalesce(o.blob, f.sealed), digests = coalesce(intake.digest_payload(o.document -> 'lead', p_key), '{}')
  from opened o
  where f.id = o.id;
  get diagnostics v_done = row_count;
  return v_count + v_done;
end;
$$;
comment on function privacy.keep_digests(jsonb, bytea) is
  'Takes back submissions and posts that were sealed without digests, and makes these of the text that was opened.';

create or replace function privacy.pass_unopened(p_items jsonb)
returns integer
language plpgsql
volatile
as $$
-- The walk goes on without them, and an event of the day says how many they are.
declare
  v_now constant timestamptz := leadgen.clock();
  v_count integer;
begin
  select count(*) into v_count
  from jsonb_to_recordset(p_items) as r (kind text, id bigint, blob text) where r.blob is null;
  if v_count = 0 then
    return 0;
  end if;
  update leadgen.sealing_walks w
  set unopened = w.unopened || array(
    select r.id from jsonb_to_recordset(p_items) as r (kind text, id bigint, blob text)
    where r.kind = 'lead' and r.blob is null)
  where w.kind = 'reseal';
  insert into leadgen.events (created_at, kind, subject, message, facts)
  values (v_now, 'sealed_texts_altered', (v_now at time zone 'UTC')::date::text,
    format('%s cannot be opened: altered, or of another row', kernel.count_of(v_count, 'sealed text')),
    jsonb_build_object('texts', v_count))
  on conflict on constraint events_subject_unique do update
  set
    facts = jsonb_build_object('texts', (events.facts ->> 'texts')::integer + v_count),
    message = format('%s cannot be opened: altered, or of another row',
      kernel.count_of((events.facts ->> 'texts')::integer + v_count, 'sealed text'));
  return v_count;
end;
$$;
comment on function privacy.pass_unopened(jsonb) is
  'Notes what a worker with the right data key could not open (blob null), so that the rest does not wait for it.';

create or replace function privacy.read_items(p_items jsonb, p_kind text)
returns table (id bigint, digest text, blob bytea, document jsonb)
language plpgsql
immutable
as $$
begin
  return query
  select r.id, r.digest, decode(r.blob, 'base64'), intake.read_text(r.document)
  from jsonb_to_recordset(p_items) as r (kind text, id bigint, digest text, blob text, document text)
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
