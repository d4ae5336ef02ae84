-- Many deliveries sent again at a pace.

create or replace function outbox.start_resend(p_filter jsonb, p_request_key text default null)
returns bigint
language plpgsql
volatile
as $$
-- Two unique indexes make one wish one resend run: its key, and a running one of the same deliveries. Who comes second
-- waits for the first and then finds it, in a statement of its own.
declare
  v_now constant timestamptz := leadgen.clock();
  v_wanted constant leadgen.resends := outbox.read_resend_filter(p_filter);
  v_resend leadgen.resends;
begin
  if p_request_key !~ '^[[:print:]]{1,128}$' then
    perform kernel.refuse('LG400', 'The request key is not acceptable', 'request_key',
      'text of another form', '1 to 128 printable characters');
  end if;
  insert into leadgen.resends (
    created_at, created_by, request_key, buyer_id, created_from, created_to, statuses, per_minute, last_id,
    next_step_at
  )
  values (
    v_now, session_user, p_request_key, v_wanted.buyer_id, v_wanted.created_from, v_wanted.created_to,
    v_wanted.statuses, v_wanted.per_minute, coalesce((select max(d.id) from leadgen.deliveries d), 0), v_now
  )
  on conflict do nothing
  returning * into v_resend;
  if found then
    return v_resend.id;
  end if;

  select r.* into v_resend from leadgen.resends r where r.request_key = p_request_key;
  if found and (v_resend.buyer_id, v_resend.created_from, v_resend.created_to, v_resend.statuses)
    is distinct from (v_wanted.buyer_id, v_wanted.created_from, v_wanted.created_to, v_wanted.statuses) then
    perform kernel.refuse('LG409', format('The request key was used for another resend run, %s', v_resend.id),
      'request_key',
      'the same key with another filter', 'a new key');
  elsif not found then
    select r.* into v_resend
    from leadgen.resends r
    where r.status = 'running'
      and (r.buyer_id, r.created_from, r.created_to, r.statuses)
        is not distinct from (v_wanted.buyer_id, v_wanted.created_from, v_wanted.created_to, v_wanted.statuses);
    if not found then
      raise exception using
        errcode = 'serialization_failure',
        message = 'a resend run of the same deliveries ended at this moment',
        hint = 'Ask again.';
    end if;
  end if;
  return v_resend.id;
end;
$$;
comment on function outbox.start_resend(jsonb, text) is 'The work of leadgen.start_resend.';

create or replace function outbox.cancel_resend(p_id bigint)
returns boolean
language plpgsql
volatile
as $$
begin
  update leadgen.resends r
  set status = 'cancelled', finished_at = leadgen.clock(), cancelled_by = session_user
  where r.id = p_id and r.status = 'running';
  if found then
    return true;
  elsif not exists (select from leadgen.resends r where r.id = p_id) then
    perform kernel.refuse('LG404', 'There is no such resend run', 'resend_id', p_id::text, 'an id in report.resends');
  end if;
  return false;
end;
$$;
comment on function outbox.cancel_resend(bigint) is 'The work of leadgen.cancel_resend.';

create or replace function outbox.cancel_resends()
returns integer
language plpgsql
volatile
as $$
declare
  v_cancelled integer;
begin
  select count(*) filter (where outbox.cancel_resend(r.id)) into v_cancelled
  from leadgen.resends r
  where r.status = 'running';
  return v_cancelled;
end;
$$;
comment on function outbox.cancel_resends() is 'Stops every resend run. Returns how many.';

create or replace function outbox.advance_resend()
returns bigint
language plpgsql
volatile
as $$
-- One step a call, so one step is one transaction: what it sent again, what it counted and how far it is commit
-- together. A step takes its share of the minute since it was due, at least one; the debt of a long pause is forgotten,
-- or the receiver would get it all at once. What is passed over costs no share, but a step looks at no more than 100
-- beyond it. Deliveries are locked by id, as everywhere, and then sent again in the order in which they were made.
declare
  c_looks constant integer := 100;
  c_debt constant interval := '10 seconds';
  v_now constant timestamptz := leadgen.clock();
  v_resend leadgen.resends;
  v_share integer;
  v_ids bigint[];
  v_id bigint;
  v_is_last boolean;
  v_fault text;
begin
  select r.* into v_resend
  from leadgen.resends r
  where r.status = 'running' and r.next_step_at <= v_now
  order by r.next_step_at, r.id
  limit 1
  for no key update skip locked;
  if not found then
    return null;
  end if;
  v_share := 1 + floor(v_resend.per_minute * extract(epoch from least(v_now - v_resend.next_step_at, c_debt)) / 60);
  v_ids := outbox.list_resend_candidates(v_resend, v_share + c_looks);
  v_is_last := cardinality(v_ids) < v_share + c_looks;
  perform from leadgen.deliveries d where d.id = any (v_ids) order by d.id for no key update;

  foreach v_id in array v_ids loop
    exit when v_share = 0;
    v_fault := outbox.resend_delivery(v_id, v_resend.statuses, v_resend.id);
    if v_fault is null then
      v_share := v_share - 1;
      v_resend.resent := v_resend.resent + 1;
    else
      v_resend.skipped := v_resend.skipped + 1;
      v_resend.skipped_for := v_resend.skipped_for
        || jsonb_build_object(v_fault, coalesce((v_resend.skipped_for -> v_fault)::integer, 0) + 1);
    end if;
    v_resend.cursor_id := v_id;
  end loop;
  if v_share > 0 and v_is_last then
    v_resend.status := 'done';
    v_resend.finished_at := v_now;
  end if;

  update leadgen.resends r
  set
    cursor_at = coalesce((select d.created_at from leadgen.deliveries d where d.id = v_resend.cursor_id), r.cursor_at),
    cursor_id = v_resend.cursor_id,
    resent = v_resend.resent,
    skipped = v_resend.skipped,
    skipped_for = v_resend.skipped_for,
    status = v_resend.status,
    finished_at = v_resend.finished_at,
    next_step_at = case when v_share = 0 then v_now + interval '1 minute' / r.per_minute else v_now end
  where r.id = v_resend.id;
  perform outbox.ring_workers();
  return v_resend.id;
end;
$$;
comment on function outbox.advance_resend() is 'The work of leadgen.advance_resend.';

create or replace function outbox.list_resend_candidates(p_resend leadgen.resends, p_limit integer)
returns bigint[]
language plpgsql
stable
as $$
-- In the order of created_at and id, so that each step begins where the last one ended. Two ways, because each has its
-- index: what is in trouble is listed by itself; what was delivered is found by its buyer's sales of the period. The
-- words of the first status condition are those of the index.
declare
  v_from constant timestamptz := coalesce(p_resend.cursor_at, p_resend.created_from, '-infinity');
  v_to constant timestamptz := coalesce(p_resend.created_to, 'infinity');
begin
  if 'delivered' <> all (p_resend.statuses) then
    return array(
      select d.id
      from unnest(p_resend.statuses) as wanted (status)
      cross join lateral (
        select t.id, t.created_at
        from leadgen.deliveries t
        where t.status in ('sent', 'unknown', 'dead', 'parked') and t.status = wanted.status
          and (t.created_at, t.id) > (v_from, p_resend.cursor_id) and t.created_at < v_to and t.id <= p_resend.last_id
          and t.assignment_id is not null
          and (p_resend.buyer_id is null or t.buyer_id = p_resend.buyer_id)
        order by t.created_at, t.id
        limit p_limit
      ) d
      order by d.created_at, d.id
      limit p_limit);
  end if;
  return array(
    select d.id
    from leadgen.lead_assignments a
    join leadgen.deliveries d on d.assignment_id = a.id and d.market_id = a.market_id
    where a.buyer_id = p_resend.buyer_id and a.created_at >= v_from and a.created_at < v_to
      and (a.created_at, d.id) > (v_from, p_resend.cursor_id)
      and d.status = any (p_resend.statuses) and d.id <= p_resend.last_id
    order by a.created_at, d.id
    limit p_limit);
end;
$$;
comment on function outbox.list_resend_candidates(leadgen.resends, integer) is
  'The next deliveries of leads that a resend run is of, in the order in which they were made; notices are of their '
  'day and are not resent.';

create or replace function outbox.read_resend_filter(p_filter jsonb)
returns leadgen.resends
language plpgsql
stable
as $$
declare
  c_keys constant text[] := '{buyer_id,from,to,statuses,per_minute}';
  v_key text;
  v_resend leadgen.resends;
begin
  if jsonb_typeof(p_filter) is distinct from 'object' then
    perform kernel.refuse('LG400', 'The filter is not a JSON object', 'filter',
      coalesce(jsonb_typeof(p_filter), 'nothing'),
      'an object with any of ' || array_to_string(c_keys, ', '));
  end if;
  select k into v_key from jsonb_object_keys(p_filter) k where k <> all (c_keys) order by k limit 1;
  if found then
    v_key := left(v_key, 50);
    perform kernel.refuse('LG400', format('Unknown key %s in the filter', v_key), 'filter.' || v_key, 'an unknown key',
      'one of ' || array_to_string(c_keys, ', '), 'Did you mean ' || kernel.suggest(v_key, c_keys) || '?');
  end if;

  if coalesce(p_filter -> 'buyer_id', 'null') <> 'null' then
    select b.id into v_resend.buyer_id from leadgen.buyers b where b.id::text = p_filter ->> 'buyer_id';
    if not found then
      perform kernel.refuse('LG400', 'There is no such buyer', 'filter.buyer_id', left(p_filter ->> 'buyer_id', 50),
        'the id of a buyer');
    end if;
  end if;
  v_resend.created_from := ref.read_timestamp(p_filter ->> 'from', 'filter.from');
  v_resend.created_to := ref.read_timestamp(p_filter ->> 'to', 'filter.to');
  if v_resend.created_from >= v_resend.created_to then
    perform kernel.refuse('LG400', 'The period must begin before it ends', 'filter.to', p_filter ->> 'to',
      'a time after ' || (p_filter ->> 'from'));
  end if;
  v_resend.per_minute := outbox.read_pace(coalesce(p_filter ->> 'per_minute', '600'));
  v_resend.statuses := outbox.read_resend_statuses(coalesce(p_filter -> 'statuses', '["dead"]'));
  if 'delivered' = any (v_resend.statuses)
    and num_nulls(v_resend.buyer_id, v_resend.created_from, v_resend.created_to) > 0 then
    perform kernel.refuse('LG400', 'Delivered deliveries are resent only to one buyer and for a period',
      'filter.statuses', 'delivered', 'delivered with buyer_id, from and to');
  end if;
  return v_resend;
end;
$$;
comment on function outbox.read_resend_filter(jsonb) is
  'Which deliveries a resend run is of, and how fast: buyer_id, from, to (when they were made, half open), statuses '
  '(dead unless told otherwise), per_minute (600). LG400 names what is wrong.';

create or replace function outbox.read_resend_statuses(p_statuses jsonb)
returns leadgen.delivery_status[]
language plpgsql
immutable
as $$
declare
  c_statuses constant text[] := '{dead,unknown,delivered}';
begin
  if jsonb_typeof(p_statuses) <> 'array' or p_statuses = '[]'
    or exists (select from jsonb_array_elements(p_statuses) s where s #>> '{}' = any (c_statuses) is not true) then
    perform kernel.refuse('LG400', 'A resend run takes deliveries that have ended', 'filter.statuses',
      left(p_statuses #>> '{}', 50), 'a list of ' || array_to_string(c_statuses, ', '));
  end if;
  return array(select distinct s::leadgen.delivery_status from jsonb_array_elements_text(p_statuses) s order by 1);
end;
$$;
comment on function outbox.read_resend_statuses(jsonb) is
  'The states a resend run looks for; LG400 unless it is a list of dead, unknown, delivered.';

create or replace function outbox.read_pace(p_per_minute text)
returns integer
language plpgsql
immutable
as $$
begin
  if p_per_minute !~ '^[0-9]{1,5}$' or p_per_minute::integer not between 1 and 60000 then
    perform kernel.refuse('LG400', 'per_minute is out of bounds', 'filter.per_minute', left(p_per_minute, 50),
      '1 to 60000');
  end if;
  return p_per_minute;
end;
$$;
comment on function outbox.read_pace(text) is
  'How many deliveries a resend run sends again in a minute; LG400 out of bounds.';
