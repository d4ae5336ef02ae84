-- What prepaid buyers have paid in advance.
select leadgen.top_up(b.id, d.amount, 'demo:' || b.id, 'first payment', 'bank_transfer')
from (values
  ('Hill Country Rooter', 1500),
  ('Capital Drain Co', 35),
  ('Pedernales Roof & Gutter', 2500),
  ('Ybor City Plumbing', 1200),
  ('Seminole Heights Roofing', 3000),
  ('Cherry Creek Exteriors', 4000)
) as d (buyer, amount)
join leadgen.buyers b on b.name = d.buyer
order by b.id;
