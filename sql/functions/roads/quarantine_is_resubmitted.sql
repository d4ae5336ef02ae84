-- Road: a submission in quarantine is submitted again.

create or replace function roads.resubmit_quarantined(p_quarantine_id bigint, p_opened jsonb)
returns jsonb
language plpgsql
volatile
as $$
declare
  v_row leadgen.intake_quarantine;
  v_answer jsonb;
  v_key bytea;
  v_email text;
  v_hash bytea;
begin
  select q.* into v_row from leadgen.intake_quarantine q where q.id = p_quarantine_id for update;
  if not found then
    perform kernel.refuse('LG404', format('No submission %s in quarantine', p_quarantine_id), 'quarantine_id',
      p_quarantine_id::text, 'the id of a submission in quarantine');
  elsif v_row.resubmitted_at is not null then
    perform kernel.refuse('LG409', format('Submission %s was resubmitted already', p_quarantine_id), 'quarantine_id',
      p_found => 'resubmitted at ' || v_row.resubmitted_at, p_allowed => 'a submission that waits');
  end if;

  if v_row.failed_step = 'fetch' then
    return intake.fetch_again(p_quarantine_id);
  end if;
  v_row := intake.open_submission(v_row, p_opened);
  v_row.payload := intake.read_kept(v_row.payload, p_quarantine_id);

  v_key := intake.read_sealing(v_row.context);
  v_email := left(coalesce(ref.read_email(v_row.payload ->> 'email'), ''), 200);
  v_hash := intake.hash_submission(v_row.payload);
  -- Its sender may have posted it again meanwhile, and been taken.
  select l.answer || '{"repeated": true}' into v_answer
  from leadgen.leads l
  where l.email in (v_email, ref.seal_email(v_email, v_key))
    and l.request_hash in (v_hash, intake.digest_request(v_hash, v_key))
    and l.created_at >= v_row.created_at
  order by l.id
  limit 1;
  if v_answer is null then
    if v_row.failed_step = 'campaign' then
      select a.p_payload, a.p_context into v_row.payload, v_row.context
      from intake.choose_source_again(v_row.payload, v_row.context) a;
    end if;
    v_answer := roads.submit_lead(v_row.payload, v_row.context);
  end if;
  if v_answer ->> 'status' not in ('quarantined', 'seal') then
    update leadgen.intake_quarantine
    set resubmitted_at = leadgen.clock(), lead_id = (v_answer ->> 'lead_id')::bigint
    where id = p_quarantine_id;
  end if;
  return v_answer;
end;
$$;
comment on function roads.resubmit_quarantined(bigint, jsonb) is 'The work of leadgen.resubmit_quarantined.';
