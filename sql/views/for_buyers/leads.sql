create or replace view for_buyers.leads
with (security_invoker = true) as
select
  a.id as sale_id,
  a.created_at as sold_at,
  l.id as lead_id,
  l.name,
  l.email,
  l.phone,
  l.phone_extension,
  l.postal_code,
  l.city,
  l.region_code,
  l.country_code,
  l.message,
  l.attributes
from leadgen.lead_assignments a
join leadgen.leads l on l.id = a.lead_id
where a.released_at is null and a.release_due_at is null;
comment on view for_buyers.leads is
  'One row a lead that the buyer bought, while the sale stands. Pages go by (sold_at, sale_id), the latest first.';
