-- Road: a chore of money is done for one buyer after another, and a buyer whose books are not in order stops no other.

create or replace function roads.do_for_one(p_chore text, p_buyer_ids bigint[])
returns bigint
language plpgsql
volatile
as $$
-- One buyer a transaction: leads wait for a buyer that is held. After one that fails the next has its turn.
declare
  v_now constant timestamptz := leadgen.clock();
  v_buyer_id bigint;
  v_fault text;
begin
  foreach v_buyer_id in array p_buyer_ids loop
    v_fault := roads.try_for(p_chore, v_buyer_id, v_now);
    if v_fault is null then
      return v_buyer_id;
    end if;
  end loop;
  return null;
end;
$$;
comment on function roads.do_for_one(text, bigint[]) is
  'Does a chore for the first of these buyers with whom it can be done; its id, null: there is none.';

create or replace function roads.try_for(p_chore text, p_buyer_id bigint, p_now timestamptz)
returns text
language plpgsql
volatile
as $$
-- The one handler of faults that are a buyer's. What is a fault of the server, or of us, goes through.
begin
  case p_chore
    when 'invoice_due_buyer' then perform roads.bill_due(p_buyer_id, p_now);
    when 'tell_payment' then
      return case when not roads.tell_payment_of(p_buyer_id) then '55P03' end;
    when 'start_recharge' then
      return case when billing.start_recharge_of(p_buyer_id) is null then '55P03' end;
    else
      perform billing.lock_buyers(array[p_buyer_id], true);
      case p_chore
        when 'settle_payments' then perform billing.settle_invoices(p_buyer_id, null, p_now);
        when 'settle_overdue' then perform billing.settle_overdue(p_buyer_id, p_now);
        when 'end_vain_replacement' then perform billing.end_vain_replacements(p_buyer_id, p_now);
        when 'remind_buyer' then perform roads.remind_of_invoice(p_buyer_id, p_now);
      end case;
  end case;
  return null;
exception
  when query_canceled or others then -- `others` does not include query_canceled
    if not kernel.is_fault_of_row(sqlstate) and sqlstate <> '55P03' then
      raise;
    end if;
    perform roads.tell_unbilled(p_buyer_id, p_chore, sqlstate, sqlerrm, p_now);
    return sqlstate;
end;
$$;
comment on function roads.try_for(text, bigint, timestamptz) is
  'Does a chore for a buyer. Null: it is done; else the SQLSTATE for which it was undone, of which an event tells; 55P03: '
  'somebody else holds what is to be done, or did it.';
