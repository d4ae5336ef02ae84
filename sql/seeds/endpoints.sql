-- Buyers of before there were endpoints, or of before their channels could be used, get theirs; triggers keep them from then on.
insert into leadgen.endpoints (buyer_id, channel, target)
select distinct b.id, c.channel, c.target
from leadgen.buyers b
cross join lateral leadgen.list_channels(b.id) c
on conflict do nothing;

select leadgen.refresh_reach(bo.buyer_id)
from (
  select distinct o.buyer_id
  from leadgen.buyer_offers o
  where o.is_reachable <> exists (
    select from leadgen.list_channels(o.buyer_id) c
    join leadgen.endpoints e on e.buyer_id = o.buyer_id and e.channel = c.channel and e.target = c.target
    where c.buyer_offer_id = o.id and e.disabled_at is null)
  order by o.buyer_id
) bo;
