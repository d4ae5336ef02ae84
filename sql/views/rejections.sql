create or replace view report.rejections as
select
  r.came_day,
  r.zone,
  r.lead_id,
  r.created_at,
  r.market,
  r.vertical,
  r.offer,
  r.source,
  failure.position,
  failure.value ->> 'code' as code,
  failure.value ->> 'field' as field,
  failure.value ->> 'reason' as reason
from report.leads r
join leadgen.leads l on l.id = r.lead_id
cross join lateral jsonb_array_elements(l.answer -> 'errors') with ordinality as failure (value, position);
comment on view report.rejections is 'One row a failed rule of a rejected lead; position 1 is the one the sender was told first.';
