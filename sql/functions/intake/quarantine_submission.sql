create or replace function leadgen.quarantine_submission(p_payload jsonb, p_context jsonb, p_route leadgen.route)
returns jsonb
language plpgsql
volatile
as $$
-- What the caller could do at that moment is not kept: the operator who replays it cannot look up mail domains.
declare
  v_context constant jsonb := p_context - 'can_look_up_mail';
  v_hash constant bytea := sha256(convert_to(p_payload::text || v_context::text, 'UTF8'));
  v_id bigint;
begin
  insert into leadgen.intake_quarantine as q (failed_step, reason, payload, context, request_hash)
  values (p_route.failed_step, p_route.failed_reason, p_payload, v_context, v_hash)
  on conflict (request_hash) where replayed_at is null
  do update set times_seen = q.times_seen + 1, last_seen_at = current_timestamp,
    failed_step = excluded.failed_step, reason = excluded.reason
  returning q.id into v_id;
  return jsonb_build_object(
    'status', 'quarantined',
    'quarantine_id', v_id,
    'step', p_route.failed_step,
    'message', 'The lead is kept, but not accepted: ' || p_route.failed_reason
  );
end;
$$;
comment on function leadgen.quarantine_submission(jsonb, jsonb, leadgen.route) is
  'Keeps a submission that no active source claims, whole; the same submission again raises its count.';
