create or replace view report.resends as
select
  r.id as resend_id,
  r.created_at,
  r.created_by,
  r.request_key,
  r.buyer_id,
  r.created_from,
  r.created_to,
  r.statuses,
  r.per_minute,
  r.status,
  r.resent,
  r.skipped,
  r.skipped_for,
  r.next_step_at,
  r.finished_at,
  r.cancelled_by
from leadgen.resends r;
comment on view report.resends is
  'Who had which deliveries sent again, how fast, how many were and how many could not be, for which reason.';
