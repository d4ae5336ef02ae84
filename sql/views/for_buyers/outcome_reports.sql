create or replace view for_buyers.outcome_reports
with (security_invoker = true) as
select
  r.id as report_id,
  r.assignment_id as sale_id,
  r.created_at,
  r.happened_at,
  r.stage,
  r.value,
  r.stars,
  r.comment,
  r.via
from leadgen.outcome_reports r;
comment on view for_buyers.outcome_reports is 'One row a report of the buyer of what came of a lead.';
