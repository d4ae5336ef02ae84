create or replace function leadgen.end_sales_of_erased(p_lead leadgen.leads, p_now timestamptz)
returns void
language plpgsql
volatile
as $$
-- After erased_at is set, so that the lead is offered to nobody (leadgen.pass_lead_on).
declare
  v_lead leadgen.leads;
begin
  perform leadgen.release_sale(a.id, a.release_reason)
  from (
    select a.id, a.release_reason from leadgen.lead_assignments a
    where a.lead_id = p_lead.id and a.market_id = p_lead.market_id and a.release_reason is not null and a.released_at is null
    order by a.id
  ) a;
  select l.* into v_lead from leadgen.leads l where l.id = p_lead.id and l.market_id = p_lead.market_id;
  if v_lead.hold_until is not null then
    perform leadgen.end_hold(v_lead, p_now);
  end if;
end;
$$;
comment on function leadgen.end_sales_of_erased(leadgen.leads, timestamptz) is
  'Gives back the places of an erased lead''s sales that ended, and ends its hold. The caller holds the offer''s lock.';
