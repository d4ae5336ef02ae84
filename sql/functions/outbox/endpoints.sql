-- Endpoints: one address of a buyer, in use or disabled.

create or replace function outbox.lock_endpoint(p_id bigint)
returns leadgen.endpoints
language plpgsql
volatile
as $$
declare
  v_endpoint leadgen.endpoints;
begin
  select e.* into v_endpoint from leadgen.endpoints e where e.id = p_id for no key update;
  if not found then
    perform kernel.refuse('LG404', 'There is no such endpoint', 'endpoint_id', p_id::text,
      'an id in report.endpoints');
  end if;
  return v_endpoint;
end;
$$;
comment on function outbox.lock_endpoint(bigint) is
  'An endpoint, its row locked until the transaction ends; LG404 when there is none.';

create or replace function outbox.enable_endpoint(p_id bigint)
returns boolean
language plpgsql
volatile
as $$
-- last_failure_at stays: what was sent before it still counts for nothing. Deliveries are locked before their endpoint;
-- one that somebody has locked is under way anyway.
declare
  v_now constant timestamptz := leadgen.clock();
  v_endpoint leadgen.endpoints;
begin
  update leadgen.deliveries d
  set next_attempt_at = v_now
  where d.id in (
    select w.id
    from leadgen.endpoints e
    join leadgen.deliveries w on w.endpoint_id = e.id
    where e.id = p_id and (e.disabled_at is not null or e.failures_in_a_row > 0)
      and w.status = 'pending' and w.next_attempt_at > v_now
    order by w.id
    limit 10000
    for no key update of w skip locked);
  v_endpoint := outbox.lock_endpoint(p_id);
  if v_endpoint.disabled_at is null and v_endpoint.failures_in_a_row = 0 then
    return false;
  end if;
  update leadgen.endpoints e
  set
    disabled_at = null, disabled_reason = null, announced_at = null, checked_at = null,
    failures_in_a_row = 0, failing_since = null, retry_at = null, updated_at = v_now
  where e.id = p_id;
  perform outbox.lock_enrollments(array[v_endpoint.buyer_id]);
  perform outbox.refresh_reach(array[v_endpoint.buyer_id]);
  perform catalog.note_action('endpoint_enabled', format('endpoint %s', p_id), v_endpoint.buyer_id,
    case when v_endpoint.hook_id is null
      then format('endpoint %s (%s of buyer %s) is in use again', p_id, v_endpoint.channel, v_endpoint.buyer_id)
      else format('endpoint %s (hook %s) is in use again', p_id, v_endpoint.hook_id) end,
    jsonb_build_object('endpoint_id', p_id, 'was', v_endpoint.disabled_reason,
      'failures_in_a_row', v_endpoint.failures_in_a_row));
  perform outbox.ring_workers();
  return true;
end;
$$;
comment on function outbox.enable_endpoint(bigint) is 'The work of leadgen.enable_endpoint.';

create or replace function outbox.disable_endpoint(p_id bigint, p_reason text)
returns boolean
language plpgsql
volatile
as $$
declare
  v_reason constant text := coalesce(ref.collapse_space(p_reason), '');
  v_endpoint leadgen.endpoints;
begin
  if v_reason = '' or length(v_reason) > 200 then
    perform kernel.refuse('LG400', 'The reason for disabling the endpoint is missing or too long', 'reason',
      case v_reason when '' then 'none' else length(v_reason) || ' characters' end, '1 to 200 characters',
      'The buyer reads it, too.');
  end if;
  v_endpoint := outbox.lock_endpoint(p_id);
  if v_endpoint.disabled_at is not null then
    return false;
  end if;
  update leadgen.endpoints e
  set disabled_at = leadgen.clock(), disabled_reason = v_reason, announced_at = null, updated_at = leadgen.clock()
  where e.id = p_id
  returning e.* into v_endpoint;
  perform outbox.announce_endpoint(v_endpoint);
  return true;
end;
$$;
comment on function outbox.disable_endpoint(bigint, text) is 'The work of leadgen.disable_endpoint.';

create or replace function outbox.list_endpoint_checks(p_limit integer)
returns table (endpoint_id bigint, target text)
language plpgsql
stable
as $$
begin
  if catalog.is_copy() then
    return;
  end if;
  return query
  select e.id, e.target
  from leadgen.channels c
  join leadgen.endpoints e on e.channel = c.code
  where c.is_url and e.checked_at is null and e.disabled_at is null
  order by e.id
  limit least(greatest(coalesce(p_limit, 0), 0), 1000);
end;
$$;
comment on function outbox.list_endpoint_checks(integer) is 'The work of leadgen.list_endpoint_checks.';

create or replace function outbox.record_endpoint_check(p_id bigint, p_fault text)
returns void
language plpgsql
volatile
as $$
-- What is disabled here is announced by settle_endpoints, as after failed attempts.
declare
  v_now constant timestamptz := leadgen.clock();
  v_fault constant text := left(nullif(ref.collapse_space(p_fault), ''), 200);
begin
  perform outbox.lock_endpoint(p_id);
  update leadgen.endpoints e
  set
    checked_at = v_now,
    updated_at = v_now,
    disabled_at = case when v_fault is null then e.disabled_at else coalesce(e.disabled_at, v_now) end,
    disabled_reason = case when v_fault is null then e.disabled_reason else coalesce(e.disabled_reason, v_fault) end
  where e.id = p_id;
end;
$$;
comment on function outbox.record_endpoint_check(bigint, text) is 'The work of leadgen.record_endpoint_check.';

create or replace function outbox.settle_endpoints()
returns integer
language plpgsql
volatile
as $$
-- A call of its own, because whoever records attempts writes no catalogue; one endpoint a call, because its buyer and
-- enrollments are locked after it, and of several endpoints two workers would lock the buyers crosswise. Endpoints that
-- somebody holds are left for the next round.
declare
  v_endpoint leadgen.endpoints;
begin
  select e.* into v_endpoint
  from leadgen.endpoints e
  where e.disabled_at is not null and e.announced_at is null
  order by e.id
  limit 1
  for no key update skip locked;
  if not found then
    return 0;
  end if;
  perform outbox.announce_endpoint(v_endpoint);
  return 1;
end;
$$;
comment on function outbox.settle_endpoints() is 'The work of leadgen.settle_endpoints.';

create or replace function outbox.announce_endpoint(p_endpoint leadgen.endpoints)
returns void
language plpgsql
volatile
as $$
-- The caller holds the endpoint's row. Reports show the event, so it names no address; the notice goes to the buyer
-- itself, and what follows a ? may be a secret.
declare
  v_since constant text := to_char(p_endpoint.disabled_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"');
  v_whose constant text := case when p_endpoint.hook_id is null then format('%s of buyer %s', p_endpoint.channel,
    p_endpoint.buyer_id) else format('hook %s', p_endpoint.hook_id) end;
  v_notice_endpoint_id constant bigint :=
    outbox.ensure_notice_endpoint(p_endpoint.buyer_id, 'endpoint.disabled');
begin
  insert into leadgen.events (created_at, kind, subject, buyer_id, message, facts)
  values (
    leadgen.clock(), 'endpoint_disabled', format('endpoint %s %s', p_endpoint.id, v_since), p_endpoint.buyer_id,
    format('endpoint %s (%s) is disabled: %s', p_endpoint.id, v_whose, p_endpoint.disabled_reason),
    jsonb_strip_nulls(jsonb_build_object('endpoint_id', p_endpoint.id, 'channel', p_endpoint.channel,
      'hook_id', p_endpoint.hook_id, 'reason', p_endpoint.disabled_reason))
  )
  on conflict on constraint events_subject_unique do nothing;
  if v_notice_endpoint_id <> p_endpoint.id then
    perform outbox.queue_notice(p_endpoint.buyer_id, 'endpoint.disabled', jsonb_build_object(
      'endpoint_id', p_endpoint.id, 'channel', p_endpoint.channel,
      'target', regexp_replace(p_endpoint.target, '[?#].*', ''),
      'reason', p_endpoint.disabled_reason, 'disabled_at', v_since), v_notice_endpoint_id);
  end if;
  update leadgen.endpoints e
  set announced_at = leadgen.clock(), updated_at = leadgen.clock()
  where e.id = p_endpoint.id;
  perform outbox.lock_enrollments(array[p_endpoint.buyer_id]);
  perform outbox.refresh_reach(array[p_endpoint.buyer_id]);
end;
$$;
comment on function outbox.announce_endpoint(leadgen.endpoints) is
  'What follows when an endpoint is disabled: operators see an event, the buyer gets a notice by e-mail, and it gets '
  'no lead that nothing else would bring.';
