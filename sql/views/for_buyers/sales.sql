create or replace view for_buyers.sales
with (security_invoker = true) as
select
  a.id as sale_id,
  a.created_at as sold_at,
  a.lead_id,
  a.offer_id,
  a.is_exclusive,
  a.price,
  a.currency,
  a.outcome,
  a.acceptance,
  a.delivered_at,
  a.accepted_at,
  a.answer_by,
  a.return_by,
  coalesce(a.release_due_at, a.released_at) as ended_at
from leadgen.lead_assignments a;
comment on view for_buyers.sales is
  'One row a sale to the buyer, also of those that ended. Pages go by (sold_at, sale_id), the latest first.';
