create or replace function leadgen.request_return(p_assignment_id bigint, p_reason text, p_note text, p_via text)
returns jsonb
language plpgsql
volatile
as $$
-- The offer's lock comes first: the quota is counted under it, and a place may go back. An erased lead gets no new words.
declare
  v_note constant text := leadgen.check_return_words(p_reason, p_note);
  v_sale constant leadgen.lead_assignments := leadgen.lock_sale(p_assignment_id, p_takes_offer => true);
  v_now constant timestamptz := leadgen.clock();
  v_return leadgen.sale_returns;
  v_quota_fault text;
begin
  select r.* into v_return from leadgen.sale_returns r where r.assignment_id = v_sale.id and r.status <> 'refused';
  if found then
    return leadgen.describe_answer(v_sale.id);
  end if;
  if exists (select from leadgen.sale_returns r where r.assignment_id = v_sale.id and r.decided_by <> 'auto') then
    perform leadgen.refuse('LG409', format('Sale %s cannot be returned: that was refused', v_sale.id), 'return', 'refused',
      'a return that was not decided yet', 'Ask whoever runs the market.');
  end if;
  perform leadgen.check_answer(v_sale, 'returned', v_now);
  v_quota_fault := leadgen.find_quota_fault(v_sale);
  if v_quota_fault is not null then
    perform leadgen.refuse('LG409', format('Sale %s cannot be returned: the quota is used, %s', v_sale.id, v_quota_fault), 'quota',
      v_quota_fault, 'returns within the quota');
  end if;
  insert into leadgen.sale_returns (
    created_at, market_id, offer_id, buyer_id, buyer_offer_id, assignment_id, reason_code, note, via, status
  )
  values (v_now, v_sale.market_id, v_sale.offer_id, v_sale.buyer_id, v_sale.buyer_offer_id, v_sale.id, p_reason,
    (select v_note from leadgen.leads l where l.id = v_sale.lead_id and l.market_id = v_sale.market_id and l.erased_at is null),
    p_via, 'received')
  returning * into v_return;
  if leadgen.approves_return(v_sale) then
    perform leadgen.approve_return(v_return, v_sale, 'auto', null, v_now);
  else
    perform leadgen.await_decision(v_return, null, v_now);
  end if;
  return leadgen.describe_answer(v_sale.id);
end;
$$;
comment on function leadgen.request_return(bigint, text, text, text) is
  'The buyer gives a sale back: returned at once, or requested where the policy leaves it to an operator. Asked again, the same answer. LG400 for a reason that there is not, LG409 when it is too late, over the quota, refused or ended, LG404 when there is no such sale.';
