-- Guards, and what must hold over the whole outbox.

create or replace function outbox.refuse_half_state()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  perform kernel.refuse(
    'LG409',
    format('Delivery %s cannot be %s with %s and %s', old.id, new.status,
      case when new.next_attempt_at is null then 'no time' else 'a time' end,
      case when new.lease_token is null then 'no lease' else 'a lease' end),
    'status', new.status::text,
    'a time exactly while it is pending or sending, a lease exactly while it is sending',
    'Operators have leadgen.retry_delivery and leadgen.park_delivery.');
  return null;
end;
$$;
comment on function outbox.refuse_half_state() is
  'Trigger: a delivery that is open has a time, one that is being sent has a lease, and no other has either.';

create or replace function outbox.list_broken_deliveries()
returns table (rule text, detail text)
language plpgsql
stable
as $$
-- Each query looks for the contrary. Origin and state are what keys and checks of the table would say.
begin
  return query
  select 'delivery_has_origin', format('delivery %s: lead %s, sale %s, notice %s', d.id, d.lead_id, d.assignment_id,
    d.notice_id)
  from leadgen.deliveries d
  left join leadgen.lead_assignments a on a.id = d.assignment_id
  left join leadgen.notices n on n.id = d.notice_id
  left join leadgen.resends r on r.id = d.resend_id
  where (d.market_id, d.lead_id, d.buyer_id) is distinct from case
      when d.notice_id is null then (a.market_id, a.lead_id, a.buyer_id)
      when d.assignment_id is null then (n.market_id, null::bigint, n.buyer_id)
    end
    or r.id is distinct from d.resend_id;

  return query
  select 'sale_has_deliveries', format('assignment %s of lead %s', a.id, a.lead_id)
  from leadgen.lead_assignments a
  where not exists (select from leadgen.deliveries d where d.assignment_id = a.id and d.market_id = a.market_id);

  return query
  select 'nothing_of_a_released_sale_is_sent', format('assignment %s, delivery %s: %s', a.id, d.id, d.status)
  from leadgen.lead_assignments a
  join leadgen.deliveries d on d.assignment_id = a.id and d.market_id = a.market_id
  where a.released_at is not null and d.next_attempt_at is not null;

  return query
  select 'delivery_has_endpoint', format('delivery %s: %s of buyer %s, endpoint %s', d.id, d.channel, d.buyer_id,
    d.endpoint_id)
  from leadgen.deliveries d
  left join leadgen.endpoints e on e.id = d.endpoint_id
  where (e.buyer_id, e.channel, e.target) is distinct from (d.buyer_id, d.channel, d.target);

  return query
  select 'delivery_has_one_state', format('delivery %s: %s', d.id, d.status)
  from leadgen.deliveries d
  where (d.status in ('delivered', 'unknown', 'dead', 'cancelled')) <> (d.finished_at is not null)
    or (d.status in ('pending', 'sending')) <> (d.next_attempt_at is not null)
    or (d.status = 'sending') <> (d.lease_token is not null)
    or d.attempts_before > d.attempts
    or d.attempts < 0;

  return query
  select 'attempt_has_delivery', format('attempt %s: delivery %s', t.id, t.delivery_id)
  from leadgen.delivery_attempts t
  left join leadgen.deliveries d on d.id = t.delivery_id and d.market_id = t.market_id
  where d.id is null;

  return query select l.rule, l.detail from outbox.list_broken_attempts() l;

  return query
  select 'enrollment_is_connected', format('buyer %s', b.id)
  from unnest(outbox.find_disconnected_buyers()) as b (id);
end;
$$;
comment on function outbox.list_broken_deliveries() is
  'What does not hold in the outbox: a part of '
  'leadgen.list_broken_invariants. No rows: all is well. Reads every '
  'delivery.';

create or replace function outbox.list_broken_attempts()
returns table (rule text, detail text)
language plpgsql
stable
as $$
-- A text message that its provider took counts: the report of it may be all that comes later. An attempt that nobody
-- reported, or that had no answer, may have reached the buyer: such a delivery is never dead.
begin
  return query
  select 'attempts_are_logged', format('delivery %s, %s: %s of %s attempts logged', d.id, d.status, log.attempts,
    d.attempts)
  from leadgen.deliveries d
  cross join lateral (
    select
      count(*) as attempts,
      coalesce(bool_or(t.outcome = 'delivered'), false) as got_through,
      coalesce(bool_or(t.outcome = 'delivered' and t.attempt > d.attempts_before), false) as got_through_again,
      coalesce(bool_or(t.outcome in ('sent', 'unknown')), false) as is_uncertain
    from (
      select distinct on (a.attempt) a.attempt, a.outcome
      from leadgen.delivery_attempts a
      where a.delivery_id = d.id and a.market_id = d.market_id
      order by a.attempt, a.id desc
    ) t
  ) log
  where log.attempts > d.attempts
    or (d.status = 'delivered' and not log.got_through)
    or (d.status = 'sent' and not log.is_uncertain)
    or (d.status in ('unknown', 'dead') and (log.attempts = 0 or log.got_through_again))
    or (d.status = 'dead' and (log.is_uncertain or log.attempts < d.attempts));
end;
$$;
comment on function outbox.list_broken_attempts() is 'Whether each delivery''s state is what its logged attempts say.';
