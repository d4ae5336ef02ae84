create or replace view report.replays as
select
  r.id as replay_id,
  r.created_at,
  r.created_by,
  r.request_key,
  r.buyer_id,
  r.created_from,
  r.created_to,
  r.statuses,
  r.per_minute,
  r.status,
  r.replayed,
  r.skipped,
  r.skipped_for,
  r.next_step_at,
  r.finished_at,
  r.cancelled_by
from leadgen.replays r;
comment on view report.replays is
  'Who had which deliveries sent again, how fast, how many were and how many could not be, for which reason.';
