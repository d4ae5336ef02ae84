create or replace function leadgen.await_decision(p_return leadgen.sale_returns, p_note text, p_now timestamptz)
returns void
language plpgsql
volatile
as $$
begin
  update leadgen.sale_returns r set status = 'requested', decision_note = p_note where r.id = p_return.id;
  perform leadgen.announce_return(p_return, 'return_requested',
    format('return %s: sale %s is to be returned (%s): approve or refuse it', p_return.id, p_return.assignment_id, p_return.reason_code),
    p_now);
end;
$$;
comment on function leadgen.await_decision(leadgen.sale_returns, text, timestamptz) is
  'Leaves a return to the operator, who hears of it; until leadgen.decide_return the sale stands and keeps its place.';
