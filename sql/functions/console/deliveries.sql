-- Deliveries that went wrong, and the addresses they go to.

create or replace function console.list_deliveries(p_status text, p_before bigint)
returns jsonb
language plpgsql
stable
as $$
-- The states that have an index of their own: what is under way and what arrived is shown with its lead.
declare
  v_before constant timestamptz := (select d.created_at from leadgen.deliveries d where d.id = p_before);
begin
  if p_status is null or p_status not in ('dead', 'unknown', 'parked', 'sent') then
    perform kernel.refuse('LG400', 'Deliveries in this state are not listed', 'status',
      coalesce(left(p_status, 30), 'nothing'), 'dead, unknown, parked, sent');
  end if;
  return jsonb_build_object('status', p_status) || (
    select jsonb_build_object(
      'rows', coalesce(jsonb_agg(to_jsonb(r) order by r.created_at desc, r.id desc), '[]'),
      'next', case when count(*) = 50 then (array_agg(r.id order by r.created_at, r.id))[1] end)
    from (
      select d.id, d.created_at, d.channel, d.status, d.attempts, d.last_error, d.finished_at, d.lead_id, d.endpoint_id,
        coalesce(b.name, format('hook %s', h.name)) as receiver, d.buyer_id, n.kind as notice
      from leadgen.deliveries d
      left join leadgen.buyers b on b.id = d.buyer_id
      left join leadgen.notices n on n.id = d.notice_id
      left join leadgen.operator_hooks h on h.id = n.hook_id
      where d.status = p_status::leadgen.delivery_status
        and (p_before is null or (d.created_at, d.id) < (v_before, p_before))
      order by d.created_at desc, d.id desc
      limit 50
    ) r);
end;
$$;
comment on function console.list_deliveries(text, bigint) is 'Deliveries in a state, the latest first.';

create or replace function console.list_endpoints(p_now timestamptz)
returns jsonb
language plpgsql
stable
as $$
-- What does badly comes first. Of an address as much is shown as tells two apart. A hook that is paused or removed is
-- not in use: leadgen hooks shows it.
begin
  return jsonb_build_object('rows', (
    select coalesce(jsonb_agg(to_jsonb(r) order by r.is_current desc, r.place, r.receiver, r.id), '[]')
    from (
      select e.id, e.buyer_id, coalesce(b.name, format('hook %s', h.name)) as receiver, e.channel,
        catalog.mask_address(e.target) as target,
        w.state, e.disabled_at, e.disabled_reason, e.failures_in_a_row, e.failing_since, e.retry_at,
        h.id is not null or exists (
          select from leadgen.enrollment_endpoints c where c.endpoint_id = e.id) as is_current,
        (
          select count(*) from leadgen.deliveries d where d.endpoint_id = e.id and d.next_attempt_at is not null
        ) as waiting,
        array_position('{disabled,resting,failing,well}'::text[], w.state) as place
      from leadgen.endpoints e
      left join leadgen.buyers b on b.id = e.buyer_id
      left join leadgen.operator_hooks h on h.id = e.hook_id and h.is_active
      cross join lateral (select outbox.describe_health(e, p_now) as state) w
      where e.hook_id is null or h.id is not null
      order by is_current desc, place, receiver, e.id
      limit 500
    ) r));
end;
$$;
comment on function console.list_endpoints(timestamptz) is
  'Endpoints of buyers and hooks with their health: those in use first, and of them those that do badly.';
