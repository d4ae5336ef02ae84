-- Road: a lead is found bad. All of its sales are given back at once.

create or replace function roads.refund_lead(p_lead_id bigint, p_reason text, p_note text)
returns integer
language plpgsql
volatile
as $$
-- Every row is locked before the first sale ends, those of the buyers by id. A buyer's time to return does not matter:
-- it is the operator who found it. Erased leads get no new words.
declare
  v_note constant text := market.read_return_note(p_reason, p_note);
  v_lead leadgen.leads;
  v_now timestamptz;
  v_sale leadgen.lead_assignments;
  v_count integer := 0;
begin
  select l.* into v_lead from leadgen.leads l where l.id = p_lead_id;
  if not found then
    perform kernel.refuse('LG404', format('No lead %s', p_lead_id), 'lead_id', p_lead_id::text, 'the id of a lead');
  end if;
  perform market.lock_offers(array[v_lead.offer_id]);
  perform roads.lock_sale(a.id, p_takes_offer => false)
  from (
    select s.id from leadgen.lead_assignments s
    where s.lead_id = v_lead.id and s.market_id = v_lead.market_id
    order by s.id
  ) a;
  perform billing.lock_buyers(array(
    select a.buyer_id from leadgen.lead_assignments a
    where a.lead_id = v_lead.id and a.market_id = v_lead.market_id), true);
  v_now := leadgen.clock();
  for v_sale in
    select a.* from leadgen.lead_assignments a
    where a.lead_id = v_lead.id and a.market_id = v_lead.market_id
    order by a.id
  loop
    if not market.has_ended(v_sale) then
      perform roads.approve_return(
        roads.ensure_return(v_sale, p_reason, v_note, v_now), v_sale, session_user, null, v_now, 'money');
      v_count := v_count + 1;
    end if;
  end loop;
  select l.* into v_lead from leadgen.leads l where l.id = p_lead_id for no key update;
  perform market.end_hold(v_lead, v_now, 'found bad: ' || p_reason);
  return v_count;
end;
$$;
comment on function roads.refund_lead(bigint, text, text) is 'The work of leadgen.refund_lead.';

create or replace function roads.refund_sale(p_assignment_id bigint, p_amount numeric, p_key text, p_reason text)
returns bigint
language plpgsql
volatile
as $$
declare
  v_reason constant text := billing.read_reason(p_reason);
  v_sale constant leadgen.lead_assignments := roads.lock_sale(p_assignment_id, p_takes_offer => false);
begin
  perform billing.check_key(p_key);
  if p_amount is not null then
    perform billing.check_amount(v_sale.buyer_id, p_amount);
  end if;
  return billing.give_back(v_sale, p_amount, p_key, v_reason, leadgen.clock());
end;
$$;
comment on function roads.refund_sale(bigint, numeric, text, text) is 'The work of leadgen.refund_sale.';
