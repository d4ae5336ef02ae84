create or replace function leadgen.queue_notice(p_buyer_id bigint, p_kind text, p_facts jsonb, p_endpoint_id bigint)
returns bigint
language plpgsql
volatile
as $$
declare
  v_now constant timestamptz := leadgen.clock();
  v_delivery_id bigint;
begin
  with notice as (
    insert into leadgen.notices (created_at, market_id, buyer_id, kind, facts)
    select
      v_now, coalesce(
        (select o.market_id from leadgen.buyer_offers bo join leadgen.offers o on o.id = bo.offer_id
          where bo.buyer_id = p_buyer_id order by bo.id limit 1),
        (select min(m.id) from leadgen.markets m)),
      p_buyer_id, p_kind, p_facts
    where exists (select from leadgen.markets)
    returning id, market_id
  )
  insert into leadgen.deliveries (created_at, market_id, notice_id, buyer_id, endpoint_id, channel, target, next_attempt_at)
  select v_now, n.market_id, n.id, e.buyer_id, e.id, e.channel, e.target, v_now
  from notice n
  join leadgen.endpoints e on e.id = p_endpoint_id and e.buyer_id = p_buyer_id
  returning id into v_delivery_id;
  if not found then
    if not exists (select from leadgen.endpoints e where e.id = p_endpoint_id and e.buyer_id = p_buyer_id) then
      perform leadgen.refuse('LG409', 'A notice goes to the buyer it is about', 'endpoint_id', p_endpoint_id::text, 'an endpoint of the buyer');
    end if;
    perform leadgen.refuse('LG409', 'A notice needs a market to travel in', 'market_id', 'no market', 'at least one market');
  end if;
  perform leadgen.ring_workers();
  return v_delivery_id;
end;
$$;
comment on function leadgen.queue_notice(bigint, text, jsonb, bigint) is
  'Tells a buyer something that is no lead, by one of its endpoints; returns the delivery''s id.';
