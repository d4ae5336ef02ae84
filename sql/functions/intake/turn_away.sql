create or replace function leadgen.turn_away(
  p_request leadgen.lead_request,
  p_route leadgen.route,
  p_payload jsonb,
  p_context jsonb
)
returns jsonb
language plpgsql
volatile
as $$
-- A lead that was taken before its offer was switched off has its answer; it must not come into quarantine as well.
declare
  v_lead_id bigint;
  v_key text := p_request.idempotency_key;
begin
  if p_route.source_id is not null then
    v_key := coalesce(v_key,
      leadgen.derive_idempotency_key(leadgen.normalize_request(p_request, p_route), p_route, leadgen.clock()));
    select l.id into v_lead_id from leadgen.leads l where l.source_id = p_route.source_id and l.idempotency_key = v_key;
    if found then
      return leadgen.replay_answer(v_lead_id, leadgen.hash_submission(p_payload), p_request.idempotency_key is null);
    end if;
  end if;
  return leadgen.quarantine_submission(p_payload, p_context, p_route);
end;
$$;
comment on function leadgen.turn_away(leadgen.lead_request, leadgen.route, jsonb, jsonb) is
  'What a submission gets whose route is not open: the first answer if it was taken earlier, else quarantine.';
