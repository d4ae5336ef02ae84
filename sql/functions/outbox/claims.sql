-- Claims: which deliveries a worker gets next, and the lease under which it sends them.
-- The module as a whole, and its states, are described at the head of sql/tables/outbox.sql.

create or replace function outbox.claim_deliveries(
  p_worker text,
  p_room jsonb,
  p_lease interval,
  p_unrecorded bigint[]
)
returns setof outbox.claim
language plpgsql
volatile
as $$
-- A claim ends in its own short transaction. Claims are serial, so that what is in flight at an endpoint is exact over
-- all workers; what is read after the lock is younger than the claim before, and than a disowning meanwhile. Whoever
-- claimed something is awake and need not be rung.
declare
  v_room jsonb;
  v_now timestamptz;
begin
  if p_lease > interval '0' is not true then
    perform kernel.refuse('LG400', 'The lease must be longer than 0', 'p_lease', coalesce(p_lease::text, 'none'),
      'more than no time');
  end if;
  v_room := outbox.read_room(p_room);
  perform pg_advisory_xact_lock(4, 0) where v_room <> '{}';
  if v_room = '{}' or catalog.is_copy() then
    return;
  end if;
  v_now := leadgen.clock();

  return query
  select c.*
  from outbox.lease_deliveries(outbox.choose_deliveries(v_room, v_now, p_unrecorded), p_worker, p_lease, v_now) c;
  if found then
    update leadgen.worker_naps s set until = v_now where s.worker = p_worker and s.until > v_now;
  end if;
end;
$$;
comment on function outbox.claim_deliveries(text, jsonb, interval, bigint[]) is 'The work of leadgen.claim_deliveries.';

create or replace function outbox.read_room(p_room jsonb)
returns jsonb
language plpgsql
immutable
as $$
declare
  v_channel record;
begin
  if jsonb_typeof(p_room) is distinct from 'object' then
    perform kernel.refuse('LG400', 'The room is not a JSON object', 'p_room', coalesce(jsonb_typeof(p_room), 'none'),
      '{"webhook": 100, "email": 8}');
  end if;
  for v_channel in select r.key, r.value from jsonb_each(p_room) r loop
    if v_channel.key <> all (enum_range(null::leadgen.delivery_channel)::text[]) then
      perform kernel.refuse('LG400', 'There is no such channel', 'p_room', v_channel.key,
        array_to_string(enum_range(null::leadgen.delivery_channel), ', '));
    elsif jsonb_typeof(v_channel.value) <> 'number' or (v_channel.value)::numeric not between 0 and 1000
      or (v_channel.value)::numeric % 1 <> 0 then
      perform kernel.refuse('LG400', 'The room of a channel is not a number of deliveries', 'p_room.' || v_channel.key,
        v_channel.value::text, 'a whole number from 0 to 1000');
    elsif v_channel.value = '0' then
      p_room := p_room - v_channel.key;
    end if;
  end loop;
  return p_room;
end;
$$;
comment on function outbox.read_room(jsonb) is
  'How many deliveries of each channel a worker has room for; channels '
  'without room are left out. LG400 when malformed.';

create or replace function outbox.choose_deliveries(p_room jsonb, p_now timestamptz, p_unrecorded bigint[])
returns bigint[]
language plpgsql
stable
as $$
-- Turns are dealt: the k-th row of an endpoint with s in flight has turn s + k; lower turns go first, then who waits
-- longest. So no endpoint is looked into that has as many before it as there is room; and of each no more is read than
-- twice its share of the room and one: what that leaves free, the next claim fills.
begin
  return array(
    select c.id
    from (
      select
        d.id, r.room,
        row_number() over (partition by r.channel order by d.turn, d.next_attempt_at, d.id) as place
      from outbox.list_ready_endpoints(p_room, p_now) r
      cross join lateral (
        select f.id, f.next_attempt_at, r.in_flight + row_number() over (order by f.next_attempt_at, f.id) as turn
        from (
          (
            select n.id, n.next_attempt_at
            from leadgen.deliveries n
            where n.endpoint_id = r.endpoint_id and n.status = 'pending' and n.next_attempt_at <= p_now
            order by n.next_attempt_at
            limit least(r.free, r.room * 2 / least(r.sharers, r.room) + 1)
          )
          union all
          (
            select n.id, n.next_attempt_at
            from leadgen.deliveries n
            where n.endpoint_id = r.endpoint_id and n.status = 'sending' and n.next_attempt_at <= p_now
              and r.has_lapsed and n.id <> all (p_unrecorded)
            order by n.next_attempt_at
            limit least(r.free, r.room * 2 / least(r.sharers, r.room) + 1)
          )
          order by 2
          limit least(r.free, r.room * 2 / least(r.sharers, r.room) + 1)
        ) f
      ) d
      where r.place <= r.room
    ) c
    where c.place <= c.room
    order by c.id
  );
end;
$$;
comment on function outbox.choose_deliveries(jsonb, timestamptz, bigint[]) is
  'The due deliveries whose turn it is, by id: of each channel as many as there is room for, endpoint by endpoint. One '
  'whose lease ran out while its worker holds the result is not due for that worker.';

create or replace function outbox.list_ready_endpoints(p_room jsonb, p_now timestamptz)
returns table (
  endpoint_id bigint,
  channel leadgen.delivery_channel,
  in_flight bigint,
  free bigint,
  has_lapsed boolean,
  room bigint,
  sharers bigint,
  place bigint
)
language plpgsql
stable
as $$
-- Endpoints are found by leaping from one to the next in the index, so that 10,000 rows of one cost the others nothing.
-- A lease that ran out is due again, but not where nobody would know a repetition (channels.resends_lost): what may
-- have gone out there is ended by leadgen.settle_reports. No circuit is open for more than two minutes: a time further
-- away was written before the clock stepped back.
begin
  return query
  with recursive waiting (id) as (
    (
      select d.endpoint_id from leadgen.deliveries d where d.next_attempt_at is not null order by d.endpoint_id limit 1
    )
    union all
    select next.endpoint_id
    from waiting w
    cross join lateral (
      select d.endpoint_id
      from leadgen.deliveries d
      where d.next_attempt_at is not null and d.endpoint_id > w.id
      order by d.endpoint_id
      limit 1
    ) next
  ),
  wanted as materialized (
    select c.code, c.resends_lost, (p_room ->> c.code::text)::bigint as room
    from leadgen.channels c
    where p_room ? c.code::text
  )
  select
    e.id, e.channel, flight.size, flight.most - flight.size, flight.lapsed_at is not null, c.room,
    count(*) over (partition by e.channel),
    row_number() over (partition by e.channel order by flight.size, least(flight.lapsed_at, pending.since))
  from waiting w
  join leadgen.endpoints e on e.id = w.id
  cross join lateral (select t.resends_lost, t.room from wanted t where t.code = e.channel limit 1) c
  cross join lateral (
    select
      case when e.retry_at is not null then 1 else e.max_in_flight end as most,
      count(*) filter (where d.next_attempt_at > p_now) as size,
      min(d.next_attempt_at) filter (where d.next_attempt_at <= p_now and c.resends_lost) as lapsed_at
    from leadgen.deliveries d
    where d.endpoint_id = e.id and d.status = 'sending' and d.next_attempt_at is not null
  ) flight
  cross join lateral (
    select min(d.next_attempt_at) as since
    from leadgen.deliveries d
    where d.endpoint_id = e.id and d.status = 'pending' and d.next_attempt_at <= p_now
  ) pending
  where e.disabled_at is null
    and (e.retry_at is null or e.retry_at <= p_now or e.retry_at > p_now + interval '2 minutes')
    and flight.size < flight.most
    and (pending.since is not null or flight.lapsed_at is not null);
end;
$$;
comment on function outbox.list_ready_endpoints(jsonb, timestamptz) is
  'Endpoints for which something is due and which may take it: how much is in flight there, how much more they take, '
  'whether a lease ran out; the room of their channel, how many share it, and each one''s place among them.';

create or replace function outbox.lease_deliveries(
  p_ids bigint[],
  p_worker text,
  p_lease interval,
  p_now timestamptz
)
returns setof outbox.claim
language plpgsql
volatile
as $$
-- The lease covers the wait for a place and the worker's own timeout; a row with a timeout of its own has that on top,
-- so that no attempt outlasts its lease. One token a batch. Rows that somebody holds are left for the next claim.
declare
  v_token constant uuid := gen_random_uuid();
begin
  return query
  with due as materialized (
    select d.id
    from unnest(p_ids) as chosen (id)
    join leadgen.deliveries d on d.id = chosen.id
    where d.next_attempt_at <= p_now
    for no key update of d skip locked
  ),
  claimed as (
    update leadgen.deliveries d
    set
      status = 'sending', lease_token = v_token, worker = p_worker, attempts = d.attempts + 1,
      next_attempt_at = p_now + p_lease + coalesce(d.timeout_seconds, 0) * interval '1 second'
    from due
    where d.id = due.id
    returning d.*
  )
  select
    c.id, c.lease_token, c.attempts - c.attempts_before, c.channel::text, coalesce(n.kind, 'lead.assigned'), c.target,
    'msg_' || replace(c.message_id::text, '-', ''),
    case
      when way.is_url and c.buyer_id is null then outbox.list_hook_secrets(h, p_now)
      when way.is_url then outbox.list_secrets(s, p_now)
    end,
    case when way.is_url then nullif(s.headers, '{}') end,
    case when c.notice_id is null then outbox.compose_assigned(a, l) else outbox.compose_notice(n) end,
    case when way.details_function is not null then outbox.compose_details(way.details_function, c, a, b.name) end,
    c.timeout_seconds::double precision,
    c.buyer_id,
    c.endpoint_id, l.sealed, case when l.sealed is not null then array[l.phone::text, l.email] end
  from claimed c
  join leadgen.channels way on way.code = c.channel
  left join leadgen.buyers b on b.id = c.buyer_id
  left join leadgen.webhook_secrets s on s.buyer_id = c.buyer_id
  left join leadgen.lead_assignments a on a.id = c.assignment_id and a.market_id = c.market_id
  left join leadgen.leads l on l.id = c.lead_id and l.market_id = c.market_id
  left join leadgen.notices n on n.id = c.notice_id
  left join leadgen.hook_secrets h on h.hook_id = n.hook_id
  order by c.created_at, c.id;
end;
$$;
comment on function outbox.lease_deliveries(bigint[], text, interval, timestamptz) is
  'Leases these deliveries, as far as they are still due, and composes what is sent.';

create or replace function outbox.release_deliveries(p_delivery_ids bigint[], p_tokens uuid[])
returns integer
language plpgsql
volatile
as $$
-- Rows that somebody holds are left: their leases run out.
declare
  v_now constant timestamptz := leadgen.clock();
  v_count integer;
begin
  perform outbox.check_tokens(p_delivery_ids, p_tokens);
  with held as materialized (
    select d.id
    from unnest(p_delivery_ids, p_tokens) as claim (id, token)
    join leadgen.deliveries d on d.id = claim.id and d.lease_token = claim.token
    order by d.id
    for no key update of d skip locked
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

create or replace function outbox.list_withdrawn(p_delivery_ids bigint[], p_tokens uuid[])
returns bigint[]
language plpgsql
stable
as $$
begin
  perform outbox.check_tokens(p_delivery_ids, p_tokens);
  return array(
    select claim.id
    from unnest(p_delivery_ids, p_tokens) as claim (id, token)
    left join leadgen.deliveries d on d.id = claim.id and d.lease_token = claim.token
    where d.id is null
    order by claim.id
  );
end;
$$;
comment on function outbox.list_withdrawn(bigint[], uuid[]) is 'The work of leadgen.list_withdrawn.';

create or replace function outbox.check_tokens(p_delivery_ids bigint[], p_tokens uuid[])
returns void
language plpgsql
immutable
as $$
begin
  if cardinality(p_delivery_ids) <> cardinality(p_tokens) then
    perform kernel.refuse('LG400', 'The tokens do not match the deliveries', 'p_tokens',
      cardinality(p_tokens) || ' tokens', cardinality(p_delivery_ids) || ' tokens');
  end if;
end;
$$;
comment on function outbox.check_tokens(bigint[], uuid[]) is
  'LG400 unless there are as many tokens as deliveries.';
