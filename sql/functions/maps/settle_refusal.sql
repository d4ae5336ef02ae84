create or replace function leadgen.settle_refusal(
  p_state text,
  p_message text,
  p_payload jsonb,
  p_context jsonb,
  p_source leadgen.mapped_source
)
returns jsonb
language plpgsql
volatile
as $$
-- A network cannot mend what it sent and takes a 4xx for the end of it, so nothing that it sends may be lost to one.
declare
  v_route leadgen.route;
  v_answer jsonb;
begin
  if p_state = 'LG422' then
    select l.answer || '{"replayed": true}' into v_answer
    from leadgen.leads l
    where l.source_id = p_source.source_id and l.idempotency_key = p_payload ->> 'idempotency_key';
    if found then
      return v_answer;
    end if;
  end if;
  v_route.failed_step := 'field_map';
  v_route.failed_reason := p_message;
  return leadgen.quarantine_submission(p_payload, p_context, v_route);
end;
$$;
comment on function leadgen.settle_refusal(text, text, jsonb, jsonb, leadgen.mapped_source) is
  'What a network''s lead gets that submit_lead refuses: the first answer if the network now describes the same lead otherwise, else quarantine.';
