-- Choices: somebody sells a lead by hand to a buyer of their choice. Every check judges that buyer as it would any
-- other; the choice (kernel.snapshot.choice) only takes out the buyers who were not chosen. Or somebody has it routed
-- once more, and chooses nobody.

create or replace function market.check_choice(
  p_snapshot kernel.snapshot,
  p_decision kernel.decision,
  p_live_sales integer
)
returns void
language plpgsql
immutable
as $$
declare
  v_buyer_id constant bigint := (p_snapshot.choice).buyer_id;
  v_place constant integer := array_position(p_snapshot.buyers, v_buyer_id);
begin
  if v_buyer_id is null then
    return;
  elsif v_place is null then
    perform kernel.refuse('LG409', format('Buyer %s is not enrolled in the offer of this lead', v_buyer_id), 'buyer_id',
      v_buyer_id::text, 'a buyer who is enrolled in it');
  elsif p_decision.winners is distinct from array[v_place] then
    perform kernel.refuse('LG409', format('Buyer %s cannot get this lead', v_buyer_id), 'buyer_id',
      (kernel.describe_reasons(p_snapshot, p_decision.reasons))[v_place], 'a buyer who passes every check',
      'What would have to change: leadgen explain LEAD --buyer BUYER.');
  elsif p_decision.exclusive_buyer_id is not null and p_live_sales > 0 then
    perform kernel.refuse('LG409', format('Buyer %s owns this place, and another buyer has the lead', v_buyer_id),
      'buyer_id', v_buyer_id::text, 'a lead that nobody else has');
  end if;
end;
$$;
comment on function market.check_choice(kernel.snapshot, kernel.decision, integer) is
  'LG409 when the buyer whom somebody chose does not get the lead, with the reason; or would get as its own a lead '
  'that others have. Without a choice nothing is checked.';

create or replace function market.check_sellable(p_lead leadgen.leads, p_max_buyers integer)
returns void
language plpgsql
stable
as $$
-- Who bought a lead exclusively has it alone as long as the sale stands.
declare
  v_live constant integer := market.count_live_sales(p_lead);
begin
  if p_lead.erased_at is not null then
    perform kernel.refuse('LG409', format('Lead %s was erased', p_lead.id), 'lead_id', 'an erased lead',
      'a lead that was not erased');
  elsif p_lead.validation_reason is not null then
    perform kernel.refuse('LG409', format('Lead %s did not pass validation', p_lead.id), 'lead_id',
      p_lead.validation_reason, 'a lead that passed');
  elsif exists (
    select from leadgen.lead_assignments a
    where a.lead_id = p_lead.id and a.market_id = p_lead.market_id and a.is_exclusive and a.released_at is null) then
    perform kernel.refuse('LG409', format('Lead %s is sold exclusively', p_lead.id), 'lead_id',
      'a lead that its buyer has alone', 'a lead that is not, or no longer, sold exclusively');
  elsif v_live >= p_max_buyers then
    perform kernel.refuse('LG409', format('Lead %s has all the buyers that it may have', p_lead.id), 'lead_id',
      kernel.count_of(v_live, 'buyer'), format('at most %s, by its policy', p_max_buyers),
      'A sale that is returned makes room.');
  end if;
end;
$$;
comment on function market.check_sellable(leadgen.leads, integer) is
  'LG409 for a lead that nobody may be sold: erased, invalid, sold exclusively, or sold to as many as its policy '
  'allows. The caller holds the offer''s lock and the lead''s row.';

create or replace function market.find_standing_sale(p_lead leadgen.leads, p_buyer_id bigint)
returns leadgen.lead_assignments
language plpgsql
stable
as $$
declare
  v_sale leadgen.lead_assignments;
begin
  select a.* into v_sale
  from leadgen.lead_assignments a
  where a.lead_id = p_lead.id and a.market_id = p_lead.market_id and a.buyer_id = p_buyer_id and a.released_at is null;
  return v_sale;
end;
$$;
comment on function market.find_standing_sale(leadgen.leads, bigint) is
  'The sale by which a buyer has a lead; its id is null when there is none.';

create or replace function market.hold_anew(p_lead leadgen.leads, p_hours numeric, p_now timestamptz)
returns void
language plpgsql
volatile
as $$
-- For an hour at least: a policy that holds nothing may have been changed since.
begin
  update leadgen.leads l
  set
    hold_until = p_now + greatest(p_hours, 1) * interval '1 hour',
    next_route_at = p_now,
    updated_at = p_now
  where l.id = p_lead.id and l.market_id = p_lead.market_id;
end;
$$;
comment on function market.hold_anew(leadgen.leads, numeric, timestamptz) is
  'Has a lead that is not held offered again, now and until its hold ends. The caller holds its row.';

create or replace function market.reopen_lead(p_lead leadgen.leads, p_now timestamptz)
returns leadgen.leads
language plpgsql
volatile
as $$
-- Buyers turned it down and nobody else took it: sold by hand, it is a lead like any other.
declare
  v_lead leadgen.leads := p_lead;
begin
  if p_lead.status = 'rejected' then
    update leadgen.leads l
    set status = 'validated', rejected_at = null, rejection_reason = null, updated_at = p_now
    where l.id = p_lead.id and l.market_id = p_lead.market_id
    returning l.* into v_lead;
  end if;
  return v_lead;
end;
$$;
comment on function market.reopen_lead(leadgen.leads, timestamptz) is
  'A lead that was rejected because buyers turned it down, as validated once more; any other as it is. The caller '
  'sells or holds it in the same transaction.';
