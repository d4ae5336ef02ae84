create or replace function leadgen.dry_run_lead(payload jsonb, context jsonb default '{}')
returns jsonb
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
-- The live call, and then everything it did is undone: variables outlive the subtransaction, rows, locks and notifications
-- do not. Only numbers of sequences are used up.
declare
  v_answer jsonb;
  v_account jsonb;
begin
  begin
    v_answer := leadgen.submit_lead(payload, context);
    if v_answer ? 'lead_id' then
      v_account := leadgen.explain_lead((v_answer ->> 'lead_id')::bigint);
    end if;
    raise exception using errcode = 'DRY01', message = 'a dry run keeps nothing';
  exception
    when sqlstate 'DRY01' then
      null;
  end;
  if v_answer ? 'replayed' then
    return v_answer || '{"dry_run": true}';
  end if;
  return (v_answer - '{lead_id,quarantine_id}'::text[])
    || jsonb_build_object('dry_run', true, 'decision', v_account - '{lead_id,sales}'::text[]);
end;
$$;
comment on function leadgen.dry_run_lead(jsonb, jsonb) is
  'What submit_lead would answer at this moment, with the account of the decision, and nothing kept: no lead, no sale, no delivery, no place taken. Raises what submit_lead raises.';
