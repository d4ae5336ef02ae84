-- Leads that a post only names: stored with the post, handed to workers, kept when their network refuses them.

create or replace function intake.store_leads(p_source intake.mapped_source, p_leads jsonb, p_context jsonb)
returns jsonb
language plpgsql
volatile
as $$
-- What is known already is not asked for again: a network repeats its posts. Of a network that takes no answer, a post
-- of many leads is stored as a whole, so that it is answered in time.
declare
  c_most_at_once constant integer := 20;
  v_now constant timestamptz := leadgen.clock();
  v_blobs constant jsonb := p_context #> '{sealing,blobs}';
  v_key constant bytea := intake.read_sealing(p_context);
  v_ids text[];
  v_stores_all boolean;
begin
  select array_agg(case
    when intake.is_test_lead(p_source.map, e.value) then null
    else intake.find_fetch_id(p_source.map, e.value)
  end order by e.ordinality)
  into v_ids
  from jsonb_array_elements(p_leads) with ordinality e;
  v_stores_all := p_source.map ->> 'answer' = 'empty' and (
    select count(*) from unnest(v_ids) i where i is null) > c_most_at_once;

  insert into leadgen.lead_fetches (created_at, source_id, fetch_id, lead, next_fetch_at, sealed, seal_due, digests)
  select v_now, p_source.source_id, v_ids[e.ordinality],
    case when s.blob is null then e.value else intake.hide_payload(e.value) end, v_now, s.blob,
    intake.is_seal_due(s.blob), case when s.blob is not null then intake.digest_payload(e.value, v_key) end
  from jsonb_array_elements(p_leads) with ordinality e
  cross join lateral (select intake.take_blob(v_blobs, intake.digest_text(e.value)) as blob) s
  where (v_ids[e.ordinality] is not null or v_stores_all)
    and not exists (
      select from leadgen.leads l
      where l.source_id = p_source.source_id and l.idempotency_key = intake.read_map_key(p_source.map, e.value))
  order by v_ids[e.ordinality]
  on conflict (source_id, fetch_id) do nothing;
  return case when v_stores_all then '[]' else coalesce((
    select jsonb_agg(i.ordinality - 1 order by i.ordinality)
    from unnest(v_ids) with ordinality i (id, ordinality)
    where i.id is null), '[]') end;
end;
$$;
comment on function intake.store_leads(intake.mapped_source, jsonb, jsonb) is
  'Stores the leads of a post that are to be fetched; returns the positions of those that are to be submitted now.';

create or replace function intake.find_pause(p_attempts integer, p_is_permanent boolean)
returns interval
language plpgsql
immutable parallel safe
as $$
declare
  c_most_attempts constant integer := 30;
begin
  return case
    when p_attempts >= c_most_attempts then null
    when p_is_permanent then least(interval '6 hours', interval '1 minute' * 2 ^ least(p_attempts - 1, 12))
    else least(interval '2 hours', interval '5 seconds' * 2 ^ least(p_attempts - 1, 12))
  end;
end;
$$;
comment on function intake.find_pause(integer, boolean) is
  'How long to wait after so many attempts to fetch a lead: twice as long each time, from a minute to six hours where '
  'its network refuses it, from five seconds to two hours where it is not to be had now. Null: it was tried often '
  'enough.';

create or replace function intake.claim_fetches(p_limit integer)
returns table (id bigint, attempt integer, lead_id text, access_token text, proof text, sealed bytea)
language plpgsql
volatile
as $$
-- As many of each source as of any other, so that one whose token has ended holds back nobody. New secrets are tried at
-- once. A claim moves the lead on by longer than a worker takes, and an attempt is its fence.
declare
  c_of_a_source constant integer := 16;
  v_now constant timestamptz := leadgen.clock();
begin
  if catalog.is_copy() then
    return;
  end if;
  update leadgen.lead_fetches f
  set attempts = 0, next_fetch_at = v_now
  where f.id in (
    select r.id
    from leadgen.network_secrets n
    join leadgen.lead_fetches r on r.source_id = n.source_id
    where r.error is not null and r.tried_at < coalesce(n.updated_at, n.created_at)
      and r.next_fetch_at is distinct from v_now
    limit 1000
    for update of r skip locked);

  return query
  with due as (
    select d.id
    from leadgen.source_maps m
    cross join lateral (
      select f.id
      from leadgen.lead_fetches f
      where f.source_id = m.source_id and f.next_fetch_at <= v_now
      order by f.next_fetch_at, f.id
      limit c_of_a_source
      for update skip locked) d
    limit p_limit
  ),
  claimed as (
    update leadgen.lead_fetches f
    set attempts = f.attempts + 1, tried_at = v_now, next_fetch_at = v_now + interval '1 minute'
    from due
    where f.id = due.id
    returning f.id, f.source_id, f.attempts, f.fetch_id, f.sealed
  )
  select c.id, c.attempts, c.fetch_id, n.access_token,
    encode(kernel.compute_hmac(convert_to(n.app_secret, 'UTF8'), convert_to(n.access_token, 'UTF8')), 'hex'), c.sealed
  from claimed c
  left join leadgen.network_secrets n on n.source_id = c.source_id
  order by c.id;
end;
$$;
comment on function intake.claim_fetches(integer) is 'The work of leadgen.claim_fetches.';

create or replace function intake.lock_fetch(p_id bigint, p_attempt integer)
returns leadgen.lead_fetches
language plpgsql
volatile
as $$
-- The row in quarantine first, as an operator's resubmission and an erasure take them.
declare
  v_row leadgen.lead_fetches;
begin
  perform from leadgen.intake_quarantine q
  where q.id = (select f.quarantine_id from leadgen.lead_fetches f where f.id = p_id)
  for update;
  select f.* into v_row from leadgen.lead_fetches f where f.id = p_id and f.attempts = p_attempt for update;
  return v_row;
end;
$$;
comment on function intake.lock_fetch(bigint, integer) is
  'A lead that is being fetched, locked; null where the attempt is not the latest any more, or the lead has gone.';

create or replace function intake.keep_unfetched(p_row leadgen.lead_fetches, p_fault jsonb)
returns jsonb
language plpgsql
volatile
as $$
-- A fault of the token is one of all leads of its source: those that are due wait with it, so that a token that has
-- ended costs a few requests and not one a lead.
declare
  c_tries_unseen constant integer := 5;
  v_now constant timestamptz := leadgen.clock();
  v_code constant integer := p_fault ->> 'code';
  v_is_permanent constant boolean := intake.is_permanent_fault(p_fault);
  v_error constant text := left(p_fault ->> 'cause', 200);
  v_next constant timestamptz := v_now + intake.find_pause(p_row.attempts, v_is_permanent);
  v_id bigint := p_row.quarantine_id;
begin
  if v_is_permanent or p_row.attempts >= c_tries_unseen or v_id is not null then
    v_id := intake.quarantine_fetch(p_row, 'The lead could not be fetched from its network: ' || v_error, v_now);
  end if;
  update leadgen.lead_fetches f
  set error_code = v_code, error = v_error, next_fetch_at = v_next, quarantine_id = v_id
  where f.id = p_row.id;
  if v_is_permanent and v_code is distinct from 100 or v_code in (4, 17, 32, 613) then
    update leadgen.lead_fetches f
    set next_fetch_at = v_next
    where f.id in (
      select w.id
      from leadgen.lead_fetches w
      where w.source_id = p_row.source_id and w.next_fetch_at < v_next
      for update skip locked);
  end if;
  if v_is_permanent then
    perform intake.announce_unfetched(p_row.source_id, v_code, v_error, v_now);
  end if;
  return jsonb_strip_nulls(jsonb_build_object('status', 'waiting', 'quarantine_id', v_id));
end;
$$;
comment on function intake.keep_unfetched(leadgen.lead_fetches, jsonb) is
  'Notes why a lead could not be fetched, and when to try next. Where its network refuses it, or it failed five times, '
  'it is in quarantine from now on.';

create or replace function intake.quarantine_fetch(p_row leadgen.lead_fetches, p_reason text, p_now timestamptz)
returns bigint
language plpgsql
volatile
as $$
declare
  v_source constant intake.mapped_source := intake.load_mapped_source(p_row.source_id);
  v_payload jsonb;
  v_id bigint;
begin
  if p_row.quarantine_id is not null then
    update leadgen.intake_quarantine q
    set times_seen = q.times_seen + 1, last_seen_at = p_now, reason = p_reason
    where q.id = p_row.quarantine_id;
    return p_row.quarantine_id;
  end if;
  v_payload := jsonb_build_object('source_key', v_source.source_key)
    || intake.apply_field_map(v_source.map, intake.wrap_lead(p_row.lead));
  insert into leadgen.intake_quarantine (
    created_at, last_seen_at, failed_step, reason, payload, context, request_hash, traces, seal_due)
  values (
    p_now, p_now, 'fetch', p_reason, v_payload, '{}', sha256(convert_to('fetch:' || p_row.id, 'UTF8')),
    intake.trace_payload(v_payload), intake.is_seal_due(null))
  returning id into v_id;
  return v_id;
end;
$$;
comment on function intake.quarantine_fetch(leadgen.lead_fetches, text, timestamptz) is
  'Keeps what a post says of a lead in quarantine, step fetch, or says there why it was tried in vain again.';

create or replace function intake.announce_unfetched(
  p_source_id bigint,
  p_code integer,
  p_error text,
  p_now timestamptz
)
returns void
language plpgsql
volatile
as $$
-- Once a day for each source and error.
declare
  v_source record;
begin
  select s.source_key, s.offer_id, o.market_id into v_source
  from leadgen.sources s join leadgen.offers o on o.id = s.offer_id
  where s.id = p_source_id;
  insert into leadgen.events (created_at, kind, subject, market_id, offer_id, message, facts)
  values (
    p_now, 'fetch_refused',
    format('source %s error %s %s', v_source.source_key, coalesce(p_code::text, 'none'),
      (p_now at time zone 'UTC')::date),
    v_source.market_id, v_source.offer_id,
    format('leads of the source %s cannot be fetched (%s): %s. They wait in quarantine, and are tried again',
      v_source.source_key, p_error, intake.advise_on_fault(p_code, v_source.source_key)),
    jsonb_strip_nulls(jsonb_build_object('source_key', v_source.source_key, 'error_code', p_code)))
  on conflict on constraint events_subject_unique do nothing;
end;
$$;
comment on function intake.announce_unfetched(bigint, integer, text, timestamptz) is
  'An event that says what to renew when a network refuses a source''s leads.';

create or replace function intake.end_fetch(p_row leadgen.lead_fetches, p_answer jsonb)
returns void
language plpgsql
volatile
as $$
begin
  delete from leadgen.lead_fetches f where f.id = p_row.id;
  update leadgen.intake_quarantine q
  set resubmitted_at = leadgen.clock(), lead_id = (p_answer ->> 'lead_id')::bigint
  where q.id = p_row.quarantine_id and q.resubmitted_at is null;
end;
$$;
comment on function intake.end_fetch(leadgen.lead_fetches, jsonb) is
  'A fetched lead was submitted: it waits no more, and its row in quarantine points at it.';

create or replace function intake.fetch_again(p_quarantine_id bigint)
returns jsonb
language plpgsql
volatile
as $$
begin
  update leadgen.lead_fetches f
  set attempts = 0, next_fetch_at = leadgen.clock()
  where f.quarantine_id = p_quarantine_id;
  if not found then
    perform kernel.refuse('LG409', format('Submission %s cannot be fetched', p_quarantine_id), 'quarantine_id',
      'a lead that is not waiting to be fetched', 'a lead that is');
  end if;
  return '{"status": "fetching", "message": "The lead is fetched from its network again"}';
end;
$$;
comment on function intake.fetch_again(bigint) is
  'Has a lead in quarantine, step fetch, fetched at once by a worker.';
