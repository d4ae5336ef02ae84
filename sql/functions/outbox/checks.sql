-- What must hold of deliveries and attempts at every moment. Each query looks for the contrary.

create or replace function outbox.check_deliveries()
returns table (rule text, detail text)
language plpgsql
stable
as $$
begin
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
  select 'delivery_has_endpoint',
    format('delivery %s: %s of buyer %s, endpoint %s', d.id, d.channel, d.buyer_id, d.endpoint_id)
  from leadgen.deliveries d
  left join leadgen.endpoints e on e.id = d.endpoint_id
  where (e.buyer_id, e.channel, e.target) is distinct from (d.buyer_id, d.channel, d.target);

  return query
  select 'delivery_has_one_state', format('delivery %s: %s', d.id, d.status)
  from leadgen.deliveries d
  where (d.status in ('delivered', 'unknown', 'dead', 'cancelled')) <> (d.finished_at is not null)
    or d.attempts_before > d.attempts
    or d.attempts < 0;
end;
$$;
comment on function outbox.check_deliveries() is
  'What is wrong with deliveries: each sale has some, each has its endpoint and one state, '
  'none is due of a sale that was released.';

create or replace function outbox.check_attempts()
returns table (rule text, detail text)
language plpgsql
stable
as $$
-- A text message that its provider took counts: the report of it may be all that comes later. An attempt that nobody
-- reported, or that had no answer, may have reached the buyer: such a delivery is never dead.
begin
  return query
  select 'attempts_are_logged',
    format('delivery %s, %s: %s of %s attempts logged', d.id, d.status, log.attempts, d.attempts)
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
comment on function outbox.check_attempts() is
  'What is wrong with attempts: the log of a delivery agrees with its state and its count.';
