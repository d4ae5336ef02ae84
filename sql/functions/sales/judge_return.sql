create or replace function leadgen.judge_return(p_return leadgen.sale_returns, p_sale leadgen.lead_assignments, p_now timestamptz)
returns void
language plpgsql
volatile
as $$
-- The buyer answered when the row was written, whenever it is looked at.
declare
  v_end constant record := leadgen.find_answer_end(p_sale, 'returned');
  v_fault constant text := case
    when leadgen.has_ended(p_sale) then 'the sale had ended: ' || p_sale.outcome
    when v_end.ends_at <= p_return.created_at then 'the time to return it had ended'
    else leadgen.find_quota_fault(p_sale)
  end;
begin
  if v_fault is not null then
    perform leadgen.refuse_return(p_return, p_sale, 'auto', v_fault, p_now);
    perform leadgen.announce_return(p_return, 'return_refused',
      format('return %s: sale %s stays with its buyer: %s', p_return.id, p_sale.id, v_fault), p_now);
  elsif leadgen.approves_return(p_sale) then
    perform leadgen.approve_return(p_return, p_sale, 'auto', null, p_now);
  else
    perform leadgen.await_decision(p_return, null, p_now);
  end if;
end;
$$;
comment on function leadgen.judge_return(leadgen.sale_returns, leadgen.lead_assignments, timestamptz) is
  'What becomes of a return that came with a webhook''s reply: the sale is returned, an operator decides, or it stands. The caller holds the offer''s lock and the sale.';
