-- Deliveries that are called off.

create or replace function outbox.cancel_deliveries_of(p_lead leadgen.leads, p_now timestamptz)
returns void
language plpgsql
volatile
as $$
-- Lock order: deliveries by id, sales by id. One that is being sent is fenced: its worker may still get through, but
-- what it reports changes nothing, so that sale is unknown. A sale whose text message the provider has waits for its
-- report.
declare
  v_awaited bigint[];
  v_uncertain bigint[];
begin
  perform from leadgen.deliveries d where d.lead_id = p_lead.id order by d.id for no key update;
  perform from leadgen.lead_assignments a where a.lead_id = p_lead.id order by a.id for no key update;
  v_awaited := array(
    select d.assignment_id from leadgen.deliveries d where d.lead_id = p_lead.id and d.status in ('sent', 'delivered'));
  v_uncertain := array(
    select d.assignment_id
    from leadgen.deliveries d
    where d.lead_id = p_lead.id
      and (d.status in ('sending', 'unknown')
        or (d.status in ('pending', 'parked') and outbox.may_have_arrived(d.id, d.market_id, d.attempts + 1))));
  update leadgen.deliveries d
  set status = 'cancelled', lease_token = null, next_attempt_at = null, finished_at = coalesce(d.finished_at, p_now)
  where d.lead_id = p_lead.id and d.market_id = p_lead.market_id and d.status in ('pending', 'sending', 'parked');
  update leadgen.lead_assignments a
  set
    outcome = case when a.id = any (v_uncertain) then 'unknown' else 'erased' end::leadgen.assignment_outcome,
    release_due_at = case when a.id <> all (v_uncertain) then p_now end,
    updated_at = p_now
  where a.lead_id = p_lead.id and a.market_id = p_lead.market_id and a.id <> all (v_awaited)
    and a.outcome in ('pending', 'failed') and a.release_due_at is null and a.released_at is null;
end;
$$;
comment on function outbox.cancel_deliveries_of(leadgen.leads, timestamptz) is
  'Cancels what of a lead was not delivered yet; a sale that never reached its buyer is erased and due to be '
  'released, one that may have is unknown and stands. The caller holds the offer''s lock.';

create or replace function outbox.cancel_notices(p_buyer_id bigint, p_now timestamptz)
returns void
language plpgsql
volatile
as $$
begin
  update leadgen.deliveries d
  set status = 'cancelled', next_attempt_at = null, finished_at = p_now
  from leadgen.endpoints e, leadgen.notices n
  where e.buyer_id = p_buyer_id and e.channel = 'email'
    and d.endpoint_id = e.id and d.status = 'pending' and d.next_attempt_at is not null
    and n.id = d.notice_id and n.kind <> 'webhook.test';
end;
$$;
comment on function outbox.cancel_notices(bigint, timestamptz) is
  'Cancels what waits to be told to a buyer by e-mail and is no lead.';

create or replace function outbox.withdraw_delivery()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  perform outbox.notify_workers(new.id::text);
  return null;
end;
$$;
comment on function outbox.withdraw_delivery() is
  'Trigger: a delivery that is cancelled under a worker''s lease is called off, so that it is not sent if it still '
  'waits for a place.';
