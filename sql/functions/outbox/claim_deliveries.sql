create or replace function leadgen.claim_deliveries(p_worker text, p_limit integer, p_lease interval)
returns table (
  delivery_id bigint,
  lease_token uuid,
  attempt integer,
  channel text,
  target text,
  message_id text,
  secrets text[],
  body text,
  details jsonb,
  timeout_seconds double precision
)
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
-- A claim ends in its own short transaction. The lease covers the wait for a place and the worker's own timeout; a row
-- with a timeout of its own has that on top, so that no attempt outlasts its lease. One token a batch; a delivery whose
-- lease ran out is due again, and its new token fences off the worker that slept. Whoever claimed something is awake and
-- need not be rung. json, not jsonb: it keeps the order in which a person reads it.
declare
  v_now constant timestamptz := leadgen.clock();
  v_token constant uuid := gen_random_uuid();
begin
  if p_lease > interval '0' is not true then
    perform leadgen.refuse('LG400', 'A lease has to last', 'p_lease', coalesce(p_lease::text, 'none'), 'more than no time');
  end if;
  return query
  with due as materialized (
    select d.id
    from leadgen.deliveries d
    where d.next_attempt_at <= v_now
    order by d.next_attempt_at
    limit least(greatest(coalesce(p_limit, 0), 0), 1000)
    for no key update skip locked
  ),
  claimed as (
    update leadgen.deliveries d
    set
      status = 'sending', lease_token = v_token, worker = p_worker, attempts = d.attempts + 1,
      next_attempt_at = v_now + p_lease + coalesce(d.timeout_seconds, 0) * interval '1 second'
    from due
    where d.id = due.id
    returning d.*
  )
  select
    c.id, c.lease_token, c.attempts, c.channel::text, c.target,
    'msg_' || replace(c.message_id::text, '-', ''),
    array[b.webhook_secret::text],
    json_build_object(
      'type', 'lead.assigned',
      'timestamp', to_char(a.created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
      'data', json_build_object(
        'assignment_id', a.id, 'lead_id', a.lead_id, 'offer_id', a.offer_id, 'market_id', a.market_id,
        'vertical_id', l.vertical_id, 'buyer_id', a.buyer_id, 'price', a.price::text, 'currency', a.currency,
        'lead', json_build_object(
          'name', l.name, 'email', l.email, 'phone', l.phone, 'postal_code', l.postal_code, 'city', l.city,
          'country_code', l.country_code, 'region_code', l.region_code, 'message', l.message, 'attributes', l.attributes)
      )
    )::text,
    case when c.channel <> 'webhook' then jsonb_build_object(
      'buyer_name', b.name, 'offer_name', o.name, 'vertical_name', v.name, 'market_name', m.name, 'timezone', m.timezone) end,
    c.timeout_seconds::double precision
  from claimed c
  join leadgen.lead_assignments a on a.id = c.assignment_id and a.market_id = c.market_id
  join leadgen.leads l on l.id = c.lead_id and l.market_id = c.market_id
  join leadgen.buyers b on b.id = c.buyer_id
  join leadgen.offers o on o.id = a.offer_id
  join leadgen.verticals v on v.id = l.vertical_id
  join leadgen.markets m on m.id = c.market_id
  order by c.created_at, c.id;

  if found then
    update leadgen.worker_naps n set until = v_now where n.worker = p_worker and n.until > v_now;
  end if;
end;
$$;
comment on function leadgen.claim_deliveries(text, integer, interval) is
  'Leases due deliveries, at most 1,000, to a worker: each with its fencing token, where it goes, the secrets to sign with, the exact body to send and its own timeout.';
