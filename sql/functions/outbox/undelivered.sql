-- Undelivered: what of a sale has not reached its buyer, and whose fault that is.

create or replace function outbox.judge_undelivered(p_assignment_id bigint, p_market_id bigint, p_now timestamptz)
returns text
language plpgsql
stable
as $$
-- The caller holds the deliveries' rows. An attempt that was never reported counts as one that may have arrived.
begin
  return (
    select case
      when bool_or(d.status in ('delivered', 'unknown', 'sent')
        or outbox.may_have_arrived(d.id, d.market_id, d.attempts + (d.status <> 'sending')::integer)) then 'doubtful'
      when bool_or(d.status = 'sending') then 'under_way'
      when bool_or(d.status = 'pending' and d.attempts = 0 and not outbox.is_hindered(e, p_now)) then 'queued'
      else 'undelivered'
    end
    from leadgen.deliveries d
    join leadgen.endpoints e on e.id = d.endpoint_id
    where d.assignment_id = p_assignment_id and d.market_id = p_market_id
  );
end;
$$;
comment on function outbox.judge_undelivered(bigint, bigint, timestamptz) is
  'How far the deliveries of a pending sale are: doubtful (one may have arrived), under_way (one is being sent), '
  'queued (one was never tried, and its buyer does not hinder it), undelivered (nothing can have arrived).';

create or replace function outbox.is_hindered(p_endpoint leadgen.endpoints, p_now timestamptz)
returns boolean
language plpgsql
stable
as $$
begin
  return p_endpoint.disabled_at is not null or p_endpoint.retry_at is not null or p_endpoint.max_in_flight <= (
    select count(*)
    from leadgen.deliveries d
    where d.endpoint_id = p_endpoint.id and d.status = 'sending' and d.next_attempt_at > p_now
  );
end;
$$;
comment on function outbox.is_hindered(leadgen.endpoints, timestamptz) is
  'Whether an endpoint itself keeps deliveries waiting: it is disabled, its circuit is open, or as much is in flight '
  'there as it takes.';
