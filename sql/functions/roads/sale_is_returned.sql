-- Road: a sale is returned.

create or replace function roads.request_return(
  p_assignment_id bigint,
  p_reason text,
  p_note text,
  p_via text,
  p_evidence jsonb default null
)
returns jsonb
language plpgsql
volatile
as $$
-- The offer's lock comes first: the quota is counted under it, and a place may go back. An erased lead gets no new
-- words.
declare
  v_note constant text := market.read_return_note(p_reason, p_note);
  v_sale constant leadgen.lead_assignments := roads.lock_sale(p_assignment_id, p_takes_offer => true);
  v_now constant timestamptz := leadgen.clock();
  v_return leadgen.sale_returns;
  v_quota_fault text;
begin
  perform market.check_evidence(p_evidence);
  select r.* into v_return from leadgen.sale_returns r where r.assignment_id = v_sale.id and r.status <> 'refused';
  if found then
    if v_return.status <> 'approved' then
      perform market.keep_evidence(v_return.id, p_evidence, v_now);
    end if;
    return market.describe_answer(v_sale.id);
  end if;
  if exists (select from leadgen.sale_returns r where r.assignment_id = v_sale.id and r.decided_by <> 'auto') then
    perform kernel.refuse('LG409', format('Sale %s cannot be returned: its return was refused', v_sale.id), 'return',
      'refused', 'a return that was not decided yet', 'Ask whoever runs the market.');
  end if;
  perform market.check_answer(v_sale, 'returned', v_now);
  v_quota_fault := market.find_quota_fault(v_sale);
  if v_quota_fault is not null then
    perform kernel.refuse('LG409',
      format('Sale %s cannot be returned: the quota is used, %s', v_sale.id, v_quota_fault),
      'quota', v_quota_fault, 'returns within the quota');
  end if;
  if market.was_refused(v_sale, p_reason) then
    return market.describe_answer(v_sale.id);
  end if;
  insert into leadgen.sale_returns (
    created_at, market_id, offer_id, buyer_id, buyer_offer_id, assignment_id, reason_code, note, via, status
  )
  values (v_now, v_sale.market_id, v_sale.offer_id, v_sale.buyer_id, v_sale.buyer_offer_id, v_sale.id, p_reason,
    roads.keep_note(v_note, v_sale), p_via, 'received')
  returning * into v_return;
  perform market.keep_evidence(v_return.id, p_evidence, v_now);
  perform roads.settle_request(v_return, v_sale, v_now);
  return market.describe_answer(v_sale.id);
end;
$$;
comment on function roads.request_return(bigint, text, text, text, jsonb) is
  'The buyer gives a sale back: returned at once, decided by the record, or requested where the policy leaves it '
  'to an operator. Asked again, the same answer, also once the record has refused its reason; files that come with it '
  'are kept while it is not decided. LG400 for a reason that there is not, LG409 when it is too late, over the quota, '
  'refused or ended, LG404 when there is no such sale.';

create or replace function roads.return_sale(
  p_assignment_id bigint,
  p_reason text,
  p_note text default null,
  p_evidence jsonb default null,
  p_by text default session_user
)
returns leadgen.assignment_outcome
language plpgsql
volatile
as $$
-- What the buyer asked for meanwhile is thereby approved.
declare
  v_note constant text := market.read_return_note(p_reason, p_note);
  v_sale constant leadgen.lead_assignments := roads.lock_sale(p_assignment_id, p_takes_offer => true);
  v_now constant timestamptz := leadgen.clock();
  v_return leadgen.sale_returns;
begin
  perform market.check_evidence(p_evidence);
  if v_sale.outcome = 'returned' then
    return v_sale.outcome;
  end if;
  if not exists (select from leadgen.sale_returns r where r.assignment_id = v_sale.id and r.status <> 'refused') then
    perform market.check_answer(v_sale, 'returned', v_now);
  end if;
  perform market.check_not_ended(v_sale);
  v_return := roads.ensure_return(v_sale, p_reason, v_note, v_now);
  perform market.keep_evidence(v_return.id, p_evidence, v_now);
  perform roads.approve_return(v_return, v_sale, p_by, null, v_now);
  return 'returned';
end;
$$;
comment on function roads.return_sale(bigint, text, text, jsonb, text) is 'The work of leadgen.return_sale.';

create or replace function roads.ensure_return(
  p_sale leadgen.lead_assignments,
  p_reason text,
  p_note text,
  p_now timestamptz
)
returns leadgen.sale_returns
language plpgsql
volatile
as $$
declare
  v_return leadgen.sale_returns;
begin
  select r.* into v_return from leadgen.sale_returns r where r.assignment_id = p_sale.id and r.status <> 'refused';
  if not found then
    insert into leadgen.sale_returns (
      created_at, market_id, offer_id, buyer_id, buyer_offer_id, assignment_id, reason_code, note, via, status
    )
    values (p_now, p_sale.market_id, p_sale.offer_id, p_sale.buyer_id, p_sale.buyer_offer_id, p_sale.id, p_reason,
      roads.keep_note(p_note, p_sale), 'operator', 'received')
    returning * into v_return;
  end if;
  return v_return;
end;
$$;
comment on function roads.ensure_return(leadgen.lead_assignments, text, text, timestamptz) is
  'The open return of a sale: what its buyer asked for, else one made in the '
  'name of the operator. The caller holds the sale.';

create or replace function roads.decide_return(
  p_return_id bigint,
  p_approve boolean,
  p_note text default null,
  p_by text default session_user
)
returns jsonb
language plpgsql
volatile
as $$
-- The time to return is the buyer's, not the operator's: who asked in time is answered whenever that is.
declare
  v_now timestamptz;
  v_note text := ref.collapse_space(p_note);
  v_return leadgen.sale_returns;
  v_sale leadgen.lead_assignments;
begin
  if p_approve is null then
    perform kernel.refuse('LG400', 'The decision about the return is missing', 'approve', 'nothing', 'true, false');
  elsif length(v_note) > 500 then
    perform kernel.refuse('LG400', 'The note is too long', 'note', length(v_note) || ' characters',
      'at most 500 characters');
  end if;
  select r.* into v_return from leadgen.sale_returns r where r.id = p_return_id;
  if not found then
    perform kernel.refuse('LG404', 'There is no such return', 'return_id', p_return_id::text, 'the id of a return');
  end if;
  v_sale := roads.lock_sale(v_return.assignment_id, p_takes_offer => true);
  v_now := leadgen.clock();
  v_note := roads.keep_note(v_note, v_sale);
  select r.* into v_return from leadgen.sale_returns r where r.id = p_return_id;
  if v_return.status in ('approved', 'refused') then
    if (v_return.status = 'approved') <> p_approve then
      perform kernel.refuse('LG409', format('Return %s was decided already: it is %s', v_return.id, v_return.status),
        'status',
        v_return.status, 'received, requested');
    end if;
  elsif not p_approve then
    perform market.refuse_return(v_return, v_sale, p_by, v_note, v_now);
    perform market.announce_return(v_return, 'return_refused',
      format('return %s: sale %s stays with its buyer: decided by %s', v_return.id, v_sale.id, p_by), v_now);
  else
    perform market.check_not_ended(v_sale);
    perform roads.approve_return(v_return, v_sale, p_by, v_note, v_now);
  end if;
  return market.describe_answer(v_sale.id);
end;
$$;
comment on function roads.decide_return(bigint, boolean, text, text) is 'The work of leadgen.decide_return.';

create or replace function roads.settle_return()
returns bigint
language plpgsql
volatile
as $$
-- One return a call, so one is one transaction. One that raises is left to the operator, so that the others flow.
declare
  v_return leadgen.sale_returns := market.pick_received_return();
  v_now constant timestamptz := leadgen.clock();
  v_sale leadgen.lead_assignments;
begin
  if v_return.id is null then
    return null;
  end if;
  v_sale := roads.lock_sale(v_return.assignment_id, p_takes_offer => true);
  select r.* into v_return from leadgen.sale_returns r where r.id = v_return.id;
  if v_return.status <> 'received' then
    return v_return.id; -- another worker or an operator was first
  end if;
  begin
    perform roads.judge_return(v_return, v_sale, v_now);
  exception
    when query_canceled or others then -- `others` does not include query_canceled
      if not kernel.is_fault_of_row(sqlstate) then
        raise;
      end if;
      raise warning 'return % was not settled: %', v_return.id, sqlstate;
      perform market.await_decision(v_return, 'could not be settled: ' || sqlstate, v_now);
  end;
  return v_return.id;
end;
$$;
comment on function roads.settle_return() is 'The work of leadgen.settle_return.';

create or replace function roads.judge_return(
  p_return leadgen.sale_returns,
  p_sale leadgen.lead_assignments,
  p_now timestamptz
)
returns void
language plpgsql
volatile
as $$
-- The buyer answered when the row was written, whenever it is looked at.
declare
  v_end constant record := market.find_answer_end(p_sale, 'returned');
  v_fault constant text := case
    when market.has_ended(p_sale) then 'the sale had ended: ' || p_sale.outcome
    when v_end.ends_at <= p_return.created_at then 'the time to return it had ended'
    else market.find_quota_fault(p_sale)
  end;
begin
  if v_fault is not null then
    perform market.refuse_return(p_return, p_sale, 'auto', v_fault, p_now);
    perform market.announce_return(p_return, 'return_refused',
      format('return %s: sale %s stays with its buyer: %s', p_return.id, p_sale.id, v_fault), p_now);
  else
    perform roads.settle_request(p_return, p_sale, p_now);
  end if;
end;
$$;
comment on function roads.judge_return(leadgen.sale_returns, leadgen.lead_assignments, timestamptz) is
  'What becomes of a return that came with a webhook''s reply: the sale is returned, an operator decides, or it '
  'stands. The caller holds the offer''s lock and the sale.';

create or replace function roads.settle_request(
  p_return leadgen.sale_returns,
  p_sale leadgen.lead_assignments,
  p_now timestamptz
)
returns void
language plpgsql
volatile
as $$
-- A reason that the record decides needs nobody; where the policy approves every return, no reason is looked at.
declare
  v_found record;
begin
  if market.is_approved_at_once(p_sale) then
    perform roads.approve_return(p_return, p_sale, 'auto', null, p_now);
    return;
  end if;
  v_found := market.judge_reason(p_sale, p_return.reason_code);
  case v_found.verdict
    when 'approved' then
      perform roads.approve_return(p_return, p_sale, 'auto', v_found.why, p_now);
    when 'refused' then
      perform market.refuse_return(p_return, p_sale, 'auto', v_found.why, p_now);
      perform market.announce_return(p_return, 'return_refused',
        format('return %s: sale %s stays with its buyer: %s', p_return.id, p_sale.id, v_found.why), p_now);
    else
      perform market.await_decision(p_return, v_found.why, p_now);
  end case;
end;
$$;
comment on function roads.settle_request(leadgen.sale_returns, leadgen.lead_assignments, timestamptz) is
  'What becomes of a return within time and quota: approved at once where the policy says so, '
  'decided by the record where its reason is one that the record knows, else left to an '
  'operator. The caller holds the offer''s lock and the sale.';

create or replace function roads.approve_return(
  p_return leadgen.sale_returns,
  p_sale leadgen.lead_assignments,
  p_by text,
  p_note text,
  p_now timestamptz,
  p_gives text default null
)
returns void
language plpgsql
volatile
as $$
begin
  update leadgen.sale_returns r
  set
    status = 'approved', decided_at = p_now, decided_by = p_by, decision_note = p_note,
    gives = coalesce(p_gives, market.find_gift(p_sale))
  where r.id = p_return.id;
  update leadgen.lead_assignments a
  set outcome = 'returned', updated_at = p_now
  where a.id = p_sale.id and a.market_id = p_sale.market_id;
  perform market.announce_return(p_return, 'return_approved',
    format('return %s: sale %s is returned: decided by %s', p_return.id, p_sale.id, p_by), p_now);
  perform roads.release_sale(p_sale.id);
end;
$$;
comment on function roads.approve_return(
  leadgen.sale_returns, leadgen.lead_assignments, text, text, timestamptz, text) is
  'The sale is returned: its place is free again, its lead goes on as the policy says. Its buyer gets what p_gives '
  'says, null: what the policy of the sale says. The caller holds the offer''s lock and the sale.';

create or replace function roads.keep_note(p_note text, p_sale leadgen.lead_assignments)
returns text
language plpgsql
stable
as $$
begin
  return (
    select p_note
    from leadgen.leads l
    where l.id = p_sale.lead_id and l.market_id = p_sale.market_id and l.erased_at is null
  );
end;
$$;
comment on function roads.keep_note(text, leadgen.lead_assignments) is
  'A note about a sale; null where its lead was erased: of such a lead no new words are kept.';
