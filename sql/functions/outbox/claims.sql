-- Claims: leases of due deliveries.

create or replace function outbox.claim_deliveries(p_worker text, p_room jsonb, p_lease interval)
returns table (
  delivery_id bigint,
  lease_token uuid,
  attempt integer,
  channel text,
  kind text,
  target text,
  message_id text,
  secrets text[],
  headers jsonb,
  body text,
  details jsonb,
  timeout_seconds double precision,
  buyer_id bigint,
  endpoint_id bigint
)
language plpgsql
volatile
as $$
-- A claim ends in its own short transaction. The lease covers the wait for a place and the worker's own timeout; a row
-- with a timeout of its own has that on top, so that no attempt outlasts its lease. One token a batch; a delivery whose
-- lease ran out is due again, and its new token fences off the worker that slept. Whoever claimed something is awake and
-- need not be rung.
--
-- No circuit is open for more than two minutes: a time further away was written before the clock stepped back.
-- A text message whose worker died is not sent again: nobody knows whether it went (leadgen.settle_reports).
--
-- Claims are serial, so that what is in flight at an endpoint is exact over all workers; the snapshot is younger than the
-- lock. Endpoints are found by leaping from one to the next in the index, so that 10,000 rows of one cost the others
-- nothing. The k-th row of an endpoint with s in flight has turn s + k; lower turns go first, then who waits longest. So no
-- endpoint is looked into that has as many before it as there is room; and of each no more is read than twice its share of
-- the room and one: what that leaves free, the next claim fills.
declare
  v_token constant uuid := gen_random_uuid();
  v_room jsonb;
  v_now timestamptz;
begin
  if p_lease > interval '0' is not true then
    perform kernel.refuse('LG400', 'A lease has to last', 'p_lease', coalesce(p_lease::text, 'none'), 'more than no time');
  end if;
  v_room := outbox.read_room(p_room);
  if v_room = '{}' then
    return;
  end if;
  perform pg_advisory_xact_lock(4, 0);
  v_now := leadgen.clock();

  return query
  with recursive waiting (endpoint_id, due_at) as (
    (
      select d.endpoint_id, d.next_attempt_at
      from leadgen.deliveries d
      where d.next_attempt_at is not null
      order by d.endpoint_id, d.next_attempt_at
      limit 1
    )
    union all
    select next.endpoint_id, next.next_attempt_at
    from waiting w
    cross join lateral (
      select d.endpoint_id, d.next_attempt_at
      from leadgen.deliveries d
      where d.next_attempt_at is not null and d.endpoint_id > w.endpoint_id
      order by d.endpoint_id, d.next_attempt_at
      limit 1
    ) next
  ),
  ready as materialized (
    select
      e.id, e.channel, flight.size as in_flight,
      case when e.retry_at is not null then 1 else e.max_in_flight end - flight.size as free,
      (v_room ->> e.channel::text)::bigint as room,
      count(*) over (partition by e.channel) as sharers,
      row_number() over (partition by e.channel order by flight.size, w.due_at) as place
    from waiting w
    join leadgen.endpoints e on e.id = w.endpoint_id
    cross join lateral (
      select count(*) as size
      from leadgen.deliveries d
      where d.endpoint_id = e.id and d.lease_token is not null and d.next_attempt_at > v_now
    ) flight
    where w.due_at <= v_now
      and v_room ? e.channel::text
      and e.disabled_at is null
      and (e.retry_at is null or e.retry_at <= v_now or e.retry_at > v_now + interval '2 minutes')
      and flight.size < case when e.retry_at is not null then 1 else e.max_in_flight end
  ),
  chosen as materialized (
    select c.id
    from (
      select d.id, r.room, row_number() over (partition by r.channel order by d.turn, d.next_attempt_at, d.id) as place
      from ready r
      cross join lateral (
        select f.id, f.next_attempt_at, r.in_flight + row_number() over (order by f.next_attempt_at, f.id) as turn
        from (
          select n.id, n.next_attempt_at
          from leadgen.deliveries n
          where n.endpoint_id = r.id and n.next_attempt_at <= v_now and (r.channel <> 'sms' or n.status = 'pending')
          order by n.next_attempt_at
          limit least(r.free, r.room * 2 / least(r.sharers, r.room) + 1)
        ) f
      ) d
      where r.place <= r.room
    ) c
    where c.place <= c.room
    order by c.id
  ),
  due as materialized (
    select d.id
    from chosen c
    join leadgen.deliveries d on d.id = c.id
    where d.next_attempt_at <= v_now
    for no key update of d skip locked
  ),
  claimed as (
    update leadgen.deliveries d
    set
      status = 'sending', lease_token = v_token, worker = p_worker, attempts = d.attempts + 1,
      next_attempt_at = v_now + p_lease + coalesce(d.timeout_seconds, 0) * interval '1 second'
    from due
    where d.id = due.id
    returning d.*
  )
  select
    c.id, c.lease_token, c.attempts - c.attempts_before, c.channel::text, coalesce(n.kind, 'lead.assigned'), c.target,
    'msg_' || replace(c.message_id::text, '-', ''),
    case when c.channel = 'webhook' then
      array_remove(array[b.webhook_secret, case when b.previous_secret_until > v_now then b.previous_webhook_secret end], null)::text[] end,
    case when c.channel = 'webhook' then nullif(b.webhook_headers, '{}') end,
    case when c.notice_id is null then outbox.compose_assigned(a, l) else outbox.compose_notice(n) end,
    case when c.channel <> 'webhook' then outbox.compose_details(c, a, b.name, v_now) end,
    c.timeout_seconds::double precision,
    c.buyer_id,
    c.endpoint_id
  from claimed c
  join leadgen.buyers b on b.id = c.buyer_id
  left join leadgen.lead_assignments a on a.id = c.assignment_id and a.market_id = c.market_id
  left join leadgen.leads l on l.id = c.lead_id and l.market_id = c.market_id
  left join leadgen.notices n on n.id = c.notice_id
  order by c.created_at, c.id;

  if found then
    update leadgen.worker_naps s set until = v_now where s.worker = p_worker and s.until > v_now;
  end if;
end;
$$;
comment on function outbox.claim_deliveries(text, jsonb, interval) is 'The work of leadgen.claim_deliveries.';

create or replace function outbox.read_room(p_room jsonb)
returns jsonb
language plpgsql
immutable
as $$
declare
  v_channel record;
begin
  if jsonb_typeof(p_room) is distinct from 'object' then
    perform kernel.refuse('LG400', 'Room is an object', 'p_room', coalesce(jsonb_typeof(p_room), 'none'), '{"webhook": 100, "email": 8}');
  end if;
  for v_channel in select r.key, r.value from jsonb_each(p_room) r loop
    if v_channel.key <> all (enum_range(null::leadgen.delivery_channel)::text[]) then
      perform kernel.refuse('LG400', 'There is no such channel', 'p_room', v_channel.key,
        array_to_string(enum_range(null::leadgen.delivery_channel), ', '));
    elsif jsonb_typeof(v_channel.value) <> 'number' or (v_channel.value)::numeric not between 0 and 1000
      or (v_channel.value)::numeric % 1 <> 0 then
      perform kernel.refuse('LG400', 'Room is a number of deliveries', 'p_room.' || v_channel.key, v_channel.value::text,
        'a whole number from 0 to 1000');
    elsif v_channel.value = '0' then
      p_room := p_room - v_channel.key;
    end if;
  end loop;
  return p_room;
end;
$$;
comment on function outbox.read_room(jsonb) is
  'How many deliveries of each channel a worker has room for; channels without room are left out. LG400 when it is malformed.';

create or replace function outbox.release_deliveries(p_delivery_ids bigint[], p_tokens uuid[])
returns integer
language plpgsql
volatile
as $$
declare
  v_now constant timestamptz := leadgen.clock();
  v_count integer;
begin
  if cardinality(p_delivery_ids) <> cardinality(p_tokens) then
    perform kernel.refuse('LG400', 'Each delivery has its token', 'p_tokens', cardinality(p_tokens) || ' tokens',
      cardinality(p_delivery_ids) || ' tokens');
  end if;
  with held as materialized (
    select d.id
    from unnest(p_delivery_ids, p_tokens) as claim (id, token)
    join leadgen.deliveries d on d.id = claim.id and d.lease_token = claim.token
    order by d.id
    for no key update of d
  )
  update leadgen.deliveries d
  set status = 'pending', lease_token = null, worker = null, attempts = d.attempts - 1, next_attempt_at = v_now
  from held
  where d.id = held.id;
  get diagnostics v_count = row_count;
  return v_count;
end;
$$;
comment on function outbox.release_deliveries(bigint[], uuid[]) is 'The work of leadgen.release_deliveries.';

create or replace function outbox.withdraw_delivery()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  perform pg_notify('leadgen_deliveries', new.id::text);
  return null;
end;
$$;
comment on function outbox.withdraw_delivery() is
  'Trigger: a delivery that is cancelled under a worker''s lease is called off, so that it is not sent if it still waits for a place.';
