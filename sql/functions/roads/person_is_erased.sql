-- Road: a person is erased.

create or replace function roads.erase_lead(p_lead_id bigint, p_reason text)
returns boolean
language plpgsql
volatile
as $$
-- Quarantined copies first, as resubmit_quarantined locks them; then the offer: nothing is routed, sold or returned
-- meanwhile, so every delivery there is can be locked. Called again it strikes out what came since. The event is the
-- audit of it.
declare
  v_reason constant text := ref.collapse_space(p_reason);
  v_lead leadgen.leads;
  v_now timestamptz;
begin
  if v_reason is null or length(v_reason) > 500 then
    perform kernel.refuse('LG400', 'The reason for the erasure is missing or too long', 'reason',
      case when v_reason is null then 'nothing' else length(v_reason) || ' characters' end,
      '1 to 500 characters, without names');
  end if;
  select l.* into v_lead from leadgen.leads l where l.id = p_lead_id;
  if not found then
    perform kernel.refuse('LG404', format('No lead %s', p_lead_id), 'lead_id', p_lead_id::text, 'the id of a lead');
  end if;
  perform intake.erase_quarantined(v_lead, leadgen.clock());
  perform pg_advisory_xact_lock(2, market.offer_lock_key(v_lead.offer_id));
  v_now := leadgen.clock();
  perform outbox.cancel_deliveries_of(v_lead, v_now);
  select l.* into v_lead from leadgen.leads l where l.id = p_lead_id for no key update;
  perform privacy.strike_out_lead(v_lead, v_now);
  perform roads.end_sales_of_erased(v_lead, v_now);
  perform privacy.strike_out_traces(v_lead);
  insert into leadgen.events (created_at, kind, subject, market_id, offer_id, message, facts)
  values (v_now, 'lead_erased', 'lead ' || v_lead.id, v_lead.market_id, v_lead.offer_id,
    format('lead %s was erased: %s', v_lead.id, v_reason), jsonb_build_object('lead_id', v_lead.id, 'by', session_user))
  on conflict on constraint events_subject_unique do nothing;
  return v_lead.erased_at is null;
end;
$$;
comment on function roads.erase_lead(bigint, text) is 'The work of leadgen.erase_lead.';

create or replace function roads.end_sales_of_erased(p_lead leadgen.leads, p_now timestamptz)
returns void
language plpgsql
volatile
as $$
-- After erased_at is set, so that the lead is offered to nobody (market.pass_lead_on).
declare
  v_lead leadgen.leads;
begin
  perform roads.release_sale(a.id)
  from (
    select a.id from leadgen.lead_assignments a
    where a.lead_id = p_lead.id and a.market_id = p_lead.market_id and a.release_due_at is not null
    order by a.id
  ) a;
  select l.* into v_lead from leadgen.leads l where l.id = p_lead.id and l.market_id = p_lead.market_id;
  if v_lead.hold_until is not null then
    perform market.end_hold(v_lead, p_now);
  end if;
end;
$$;
comment on function roads.end_sales_of_erased(leadgen.leads, timestamptz) is
  'Gives back the places of an erased lead''s sales that ended, and ends its hold. The caller holds the offer''s '
  'lock.';
