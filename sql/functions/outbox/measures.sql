-- What is in the outbox.

create or replace function outbox.measure_outbox()
returns table (channel text, status text, deliveries bigint, oldest_seconds double precision)
language sql
stable
as $$
-- Both conditions are those of partial indexes, so finished deliveries cost nothing.
  with open as (
    select
      d.channel,
      case when e.disabled_at is not null and d.status = 'pending' then 'waiting' else d.status::text end as status,
      d.created_at
    from leadgen.deliveries d
    join leadgen.endpoints e on e.id = d.endpoint_id
    where d.next_attempt_at is not null
    union all
    select d.channel, d.status::text, d.created_at
    from leadgen.deliveries d
    where d.status in ('sent', 'unknown', 'dead', 'parked')
  )
  select
    o.channel::text, o.status, count(*),
    greatest(extract(epoch from leadgen.clock() - min(o.created_at)), 0)::double precision
  from open o
  group by o.channel, o.status
  order by o.channel, o.status;
$$;
comment on function outbox.measure_outbox() is 'The work of leadgen.measure_outbox.';

create or replace function outbox.measure_waiting()
returns table (deliveries bigint, endpoints bigint, oldest_at timestamptz, resends bigint)
language sql
stable
as $$
-- One whose lease ran out is due again, so what is claimed counts, too, but where it is not sent twice.
  select
    count(*), count(distinct d.endpoint_id), min(d.created_at),
    (select count(*) from leadgen.resends r where r.status = 'running')
  from leadgen.deliveries d
  join leadgen.channels c on c.code = d.channel
  where d.next_attempt_at is not null and (d.status = 'pending' or c.resends_lost);
$$;
comment on function outbox.measure_waiting() is
  'What workers would send now or later: deliveries, to how many endpoints, when the oldest was made; resend runs that '
  'are under way.';

create or replace function outbox.measure_endpoints(p_now timestamptz)
returns table (name text, label text, value double precision)
language plpgsql
stable
as $$
-- Of buyers' endpoints only those by which leads are sent today.
begin
  return query
  select
    case when e.hook_id is null then 'endpoints' else 'hooks' end,
    outbox.describe_health(e, p_now),
    count(*)::double precision
  from leadgen.endpoints e
  where e.id in (select w.endpoint_id from leadgen.enrollment_endpoints w)
    or e.hook_id in (select h.id from leadgen.operator_hooks h where h.is_active)
  group by 1, 2;
  return query
  select 'hook_lag', 'items', max(outbox.find_feed_head() - h.last_item_id)::double precision
  from leadgen.operator_hooks h
  where h.is_active
  having count(*) > 0;
end;
$$;
comment on function outbox.measure_endpoints(timestamptz) is
  'How many endpoints of buyers, and hooks, are well, failing, resting or disabled, and how far the slowest hook is '
  'behind.';
