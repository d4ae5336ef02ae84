-- Portal: where a buyer is reached, and how that goes.

create or replace function portal.list_endpoints(p_buyer_id bigint, p_now timestamptz)
returns jsonb
language plpgsql
stable
as $$
-- Deliveries of the latest 50 sales, and notices among what waits: each is found by key.
begin
  return jsonb_build_object(
    'endpoints', (
      select coalesce(jsonb_agg(jsonb_build_object('id', e.id, 'channel', e.channel, 'target', e.target,
        'state', outbox.describe_health(e, p_now),
        'disabled_at', e.disabled_at, 'disabled_reason', e.disabled_reason, 'failures', e.failures_in_a_row,
        'failing_since', e.failing_since, 'retry_at', e.retry_at, 'waiting', w.waiting) order by e.channel, e.id), '[]')
      from leadgen.endpoints e
      cross join lateral (
        select count(*) as waiting from leadgen.deliveries d
        where d.endpoint_id = e.id and d.next_attempt_at is not null
      ) w
      where e.buyer_id = p_buyer_id),
    'deliveries', (
      select coalesce(jsonb_agg(to_jsonb(r) order by r.created_at desc, r.id desc), '[]')
      from (
        select d.id, d.created_at, d.channel, d.target, d.status, d.attempts, d.last_error, d.finished_at,
          d.assignment_id as sale_id, d.lead_id
        from (
          select a.id from leadgen.lead_assignments a
          where a.buyer_id = p_buyer_id
          order by a.created_at desc
          limit 50
        ) s
        join leadgen.deliveries d on d.assignment_id = s.id
        order by d.created_at desc, d.id desc
        limit 50
      ) r));
end;
$$;
comment on function portal.list_endpoints(bigint, timestamptz) is
  'The endpoints of a buyer with their health, and the deliveries of its latest sales.';
