create or replace function leadgen.find_current_endpoint(p_delivery leadgen.deliveries)
returns leadgen.endpoints
language plpgsql
stable
as $$
-- A lead goes where its enrollment takes leads by that channel today, a notice where it was sent.
declare
  v_endpoint leadgen.endpoints;
begin
  if p_delivery.notice_id is not null then
    select e.* into v_endpoint from leadgen.endpoints e where e.id = p_delivery.endpoint_id;
    return v_endpoint;
  end if;
  select e.* into v_endpoint
  from leadgen.lead_assignments a
  cross join leadgen.list_channels(a.buyer_id) c
  join leadgen.endpoints e on e.buyer_id = a.buyer_id and e.channel = c.channel and e.target = c.target
  where a.id = p_delivery.assignment_id and a.market_id = p_delivery.market_id
    and c.buyer_offer_id = a.buyer_offer_id and c.channel = p_delivery.channel;
  return v_endpoint;
end;
$$;
comment on function leadgen.find_current_endpoint(leadgen.deliveries) is
  'Where a delivery would go today; nothing: the buyer no longer takes leads by its channel.';
