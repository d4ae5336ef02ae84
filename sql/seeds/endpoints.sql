-- Buyers of before there were endpoints, or of before their channels could be used, get theirs; triggers keep them from then on.
insert into leadgen.endpoints (buyer_id, channel, target)
select distinct b.id, c.channel, c.target
from leadgen.buyers b
cross join lateral outbox.list_channels(b.id) c
on conflict do nothing;

select outbox.refresh_reach(b.buyer_id)
from (select distinct bo.buyer_id from leadgen.buyer_offers bo where bo.is_reachable <> outbox.is_reached(bo) order by bo.buyer_id) b;
