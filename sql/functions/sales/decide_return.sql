create or replace function leadgen.decide_return(p_return_id bigint, p_approve boolean, p_note text default null)
returns jsonb
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
-- The time to return is the buyer's, not the operator's: who asked in time is answered whenever that is.
declare
  v_now timestamptz;
  v_note text := leadgen.collapse_space(p_note);
  v_return leadgen.sale_returns;
  v_sale leadgen.lead_assignments;
begin
  if p_approve is null then
    perform leadgen.refuse('LG400', 'A return is approved or refused', 'approve', 'nothing', 'true, false');
  elsif length(v_note) > 500 then
    perform leadgen.refuse('LG400', 'The note is too long', 'note', length(v_note) || ' characters', 'at most 500 characters');
  end if;
  select r.* into v_return from leadgen.sale_returns r where r.id = p_return_id;
  if not found then
    perform leadgen.refuse('LG404', 'There is no such return', 'return_id', p_return_id::text, 'the id of a return');
  end if;
  v_sale := leadgen.lock_sale(v_return.assignment_id, p_takes_offer => true);
  v_now := leadgen.clock();
  v_note := (select v_note from leadgen.leads l where l.id = v_sale.lead_id and l.market_id = v_sale.market_id and l.erased_at is null);
  select r.* into v_return from leadgen.sale_returns r where r.id = p_return_id;
  if v_return.status in ('approved', 'refused') then
    if (v_return.status = 'approved') <> p_approve then
      perform leadgen.refuse('LG409', format('Return %s was decided: it is %s', v_return.id, v_return.status), 'status', v_return.status,
        'received, requested');
    end if;
  elsif not p_approve then
    perform leadgen.refuse_return(v_return, v_sale, session_user, v_note, v_now);
  elsif leadgen.has_ended(v_sale) then
    perform leadgen.refuse('LG409', format('Sale %s can no longer be returned: it is %s', v_sale.id, v_sale.outcome), 'outcome',
      v_sale.outcome::text, 'pending, delivered, accepted, unknown');
  else
    perform leadgen.approve_return(v_return, v_sale, session_user, v_note, v_now);
  end if;
  return leadgen.describe_answer(v_sale.id);
end;
$$;
comment on function leadgen.decide_return(bigint, boolean, text) is
  'The operator approves a return that a buyer asked for, or lets the sale stand. Decided the same way again, the same answer; LG409 the other way, or when the sale ended otherwise, LG404 when there is no such return.';
