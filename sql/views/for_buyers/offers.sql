create or replace view for_buyers.offers
with (security_invoker = true) as
select
  o.id as offer_id,
  o.name
from leadgen.offers o;
comment on view for_buyers.offers is 'One row an offer that the buyer is enrolled in.';
