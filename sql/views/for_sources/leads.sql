create or replace view for_sources.leads
with (security_invoker = true) as
select
  l.id as lead_id,
  l.created_at,
  l.idempotency_key,
  l.status,
  l.validation_reason
from leadgen.leads l;
comment on view for_sources.leads is 'One row a lead that the source handed in, and what became of it. Not who bought it, nor for what.';
