-- Road: a lead that a post only named was fetched, or could not be.

create or replace function roads.record_fetch(
  p_id bigint,
  p_attempt integer,
  p_fetched jsonb,
  p_fault jsonb,
  p_can_look_up_mail boolean,
  p_sealing jsonb
)
returns jsonb
language plpgsql
volatile
as $$
-- The row is deleted in the transaction that submits its lead: a worker that dies in between has done nothing. Its lock
-- comes before the offer's, like that of a submission in quarantine.
declare
  v_row leadgen.lead_fetches := intake.lock_fetch(p_id, p_attempt);
  v_hidden constant jsonb := v_row.lead;
  v_source constant intake.mapped_source := intake.load_mapped_source(v_row.source_id);
  v_answer jsonb;
begin
  if v_row.sealed is not null then
    v_row.lead := nullif(p_sealing -> 'lead', 'null');
  end if;
  if v_row.id is null or v_row.lead is null then
    return '{"status": "gone"}'; -- or it was sealed meanwhile, and is handed out again
  elsif p_fault is not null then
    return intake.keep_unfetched(v_row, p_fault);
  elsif v_row.sealed is not null
    and not intake.is_of_row(v_row.digests, intake.digest_payload(v_row.lead, intake.read_sealing(p_sealing))) then
    v_row.lead := v_hidden;
    return intake.keep_unfetched(v_row, jsonb_build_object(
      'cause', 'what is sealed is not of this row', 'is_permanent', true, 'code', 100));
  end if;
  v_answer := roads.take_mapped_lead(v_source, v_row.lead,
    case when p_can_look_up_mail then '{"can_look_up_mail": true}'::jsonb else '{}' end
      || case when p_sealing is null then '{}' else jsonb_build_object('sealing', p_sealing -> 'sealing') end,
    p_fetched, true);
  if v_answer ->> 'status' = 'limited' then
    return intake.keep_unfetched(v_row, jsonb_build_object('cause', v_answer ->> 'message'));
  elsif v_answer ->> 'status' not in ('lookup', 'seal') then
    perform intake.end_fetch(v_row, v_answer);
  end if;
  return v_answer;
exception
  when sqlstate 'LG400' or sqlstate 'LG401' or sqlstate 'LG403' or sqlstate 'LG422' then
    -- Only of a map whose sender wants the lead's answer: a network's lead that cannot be read is in quarantine.
    return intake.keep_unfetched(v_row, jsonb_build_object('cause', sqlerrm, 'is_permanent', true, 'code', 0));
end;
$$;
comment on function roads.record_fetch(bigint, integer, jsonb, jsonb, boolean, jsonb) is
  'The work of leadgen.record_fetch.';
