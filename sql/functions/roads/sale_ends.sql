-- Road: a sale ends, and its lead goes on.

create or replace function roads.release_due_sale()
returns bigint
language plpgsql
volatile
as $$
-- One sale a call, so one release is one transaction: it holds its offer's lock until then. The sale is looked up first
-- and locked after its offer. One that cannot be released is put off for a minute, so that the others flow.
declare
  v_now constant timestamptz := leadgen.clock();
  v_sale leadgen.lead_assignments;
begin
  v_sale := market.pick_due_sale(v_now);
  if v_sale.id is null then
    return null;
  end if;
  v_sale := roads.lock_sale(v_sale.id, p_takes_offer => true);
  if v_sale.release_due_at is null then
    return v_sale.id; -- a delivery got through after all
  end if;
  begin
    perform roads.release_sale(v_sale.id);
  exception
    when query_canceled or others then -- `others` does not include query_canceled
      if not kernel.is_fault_of_row(sqlstate) then
        raise;
      end if;
      raise warning 'sale % was not released: %', v_sale.id, sqlstate;
      update leadgen.lead_assignments a
      set release_due_at = v_now + interval '1 minute', updated_at = v_now
      where a.id = v_sale.id and a.market_id = v_sale.market_id;
  end;
  return v_sale.id;
end;
$$;
comment on function roads.release_due_sale() is 'The work of leadgen.release_due_sale.';

create or replace function roads.release_sale(p_assignment_id bigint)
returns boolean
language plpgsql
volatile
as $$
-- The clock is read under the offer's lock: a decision's time says on which side of a release it lies. One that stepped
-- back releases nothing before it was sold.
declare
  v_sale constant leadgen.lead_assignments := roads.lock_sale(p_assignment_id, p_takes_offer => true);
  v_lead leadgen.leads;
  v_now timestamptz;
begin
  if v_sale.released_at is not null then
    return false;
  elsif market.describe_end(v_sale.outcome) is null then
    perform kernel.refuse('LG409', format('Sale %s cannot be released: it is %s', v_sale.id, v_sale.outcome), 'outcome',
      v_sale.outcome::text, 'returned, lapsed, failed, unknown, erased', 'Return it: leadgen.return_sale.');
  end if;
  select l.* into v_lead
  from leadgen.leads l
  where l.id = v_sale.lead_id and l.market_id = v_sale.market_id
  for no key update;
  v_now := greatest(leadgen.clock(), v_sale.created_at);

  update leadgen.deliveries d
  set status = 'cancelled', lease_token = null, next_attempt_at = null, finished_at = v_now
  where d.assignment_id = v_sale.id and d.market_id = v_sale.market_id and d.status in ('pending', 'sending', 'parked');
  update leadgen.lead_assignments a
  set released_at = v_now, release_due_at = null, updated_at = v_now
  where a.id = v_sale.id and a.market_id = v_sale.market_id;
  update leadgen.sale_returns r
  set
    status = 'refused', decided_at = v_now, decided_by = 'auto',
    decision_note = 'the sale had ended: ' || v_sale.outcome
  where r.assignment_id = v_sale.id and r.status in ('received', 'requested');
  perform market.give_place_back(v_sale, v_now);
  perform market.pass_lead_on(v_lead, v_sale.outcome, v_now);
  return true;
end;
$$;
comment on function roads.release_sale(bigint) is
  'Releases a sale that has ended: its place goes back, what is not yet delivered is cancelled, a return still asked '
  'for is moot, the lead is offered again or closed. False when that was done before.';

create or replace function roads.lock_sale(p_assignment_id bigint, p_takes_offer boolean)
returns leadgen.lead_assignments
language plpgsql
volatile
as $$
-- Lock order: the offer, where its counters will change; then rows, as record_attempts takes them: the deliveries by
-- id, the sale, and after that its lead. Who holds rows never waits for an offer.
declare
  v_sale leadgen.lead_assignments;
begin
  if p_takes_offer then
    perform pg_advisory_xact_lock(2, market.offer_lock_key(a.offer_id))
    from leadgen.lead_assignments a
    where a.id = p_assignment_id;
  end if;
  perform from leadgen.deliveries d where d.assignment_id = p_assignment_id order by d.id for no key update;
  select a.* into v_sale from leadgen.lead_assignments a where a.id = p_assignment_id for no key update;
  if not found then
    perform kernel.refuse('LG404', 'There is no such sale', 'assignment_id', p_assignment_id::text, 'the id of a sale');
  end if;
  return v_sale;
end;
$$;
comment on function roads.lock_sale(bigint, boolean) is
  'A sale, its row and those of its deliveries locked until the transaction ends, and its offer''s turn if asked for;'
  ' LG404 when there is none.';
