-- Who owns an area of an offer: its leads go to nobody else while that buyer can take them.
insert into leadgen.offer_exclusivities (offer_id, scope_type, scope_value, buyer_id)
select o.id as offer_id, x.scope_type, x.scope_value, b.id as buyer_id
from (
  values
    ('austin-plumbing', 'postal_code', '78704', 'South Congress Plumbing'),
    ('denver-plumbing', 'city', 'Arvada', 'Arvada Plumbing Co')
) as x (offer, scope_type, scope_value, buyer)
join leadgen.offers o on o.slug = x.offer
join leadgen.buyers b on b.name = x.buyer;
