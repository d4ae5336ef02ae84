create or replace view for_buyers.returns
with (security_invoker = true) as
select
  r.id as return_id,
  r.assignment_id as sale_id,
  r.created_at,
  r.reason_code,
  r.note,
  r.via,
  r.status,
  r.decided_at,
  r.gives
from leadgen.sale_returns r;
comment on view for_buyers.returns is 'One row a return that the buyer asked for.';
