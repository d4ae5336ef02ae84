create or replace function leadgen.erase_lead(p_lead_id bigint, p_reason text)
returns boolean
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
-- Quarantined copies first, as replay_quarantined locks them; then the offer: nothing is routed, sold or returned meanwhile,
-- so every delivery there is can be locked. Called again it strikes out what came since. The event is the audit of it.
declare
  v_reason constant text := leadgen.collapse_space(p_reason);
  v_lead leadgen.leads;
  v_now timestamptz;
begin
  if v_reason is null or length(v_reason) > 500 then
    perform leadgen.refuse('LG400', 'An erasure needs a reason of at most 500 characters', 'reason',
      case when v_reason is null then 'nothing' else length(v_reason) || ' characters' end, '1 to 500 characters, without names');
  end if;
  select l.* into v_lead from leadgen.leads l where l.id = p_lead_id;
  if not found then
    perform leadgen.refuse('LG404', format('No lead %s', p_lead_id), 'lead_id', p_lead_id::text, 'the id of a lead');
  end if;
  perform leadgen.erase_quarantined(v_lead, leadgen.clock());
  perform pg_advisory_xact_lock(2, leadgen.offer_lock_key(v_lead.offer_id));
  v_now := leadgen.clock();
  perform leadgen.cancel_deliveries_of(v_lead, v_now);
  select l.* into v_lead from leadgen.leads l where l.id = p_lead_id for no key update;
  perform leadgen.strike_out_lead(v_lead, v_now);
  perform leadgen.end_sales_of_erased(v_lead, v_now);
  perform leadgen.strike_out_traces(v_lead);
  insert into leadgen.events (created_at, kind, subject, market_id, offer_id, message, facts)
  values (v_now, 'lead_erased', 'lead ' || v_lead.id, v_lead.market_id, v_lead.offer_id,
    format('lead %s was erased: %s', v_lead.id, v_reason), jsonb_build_object('lead_id', v_lead.id, 'by', session_user))
  on conflict on constraint events_subject_unique do nothing;
  return v_lead.erased_at is null;
end;
$$;
comment on function leadgen.erase_lead(bigint, text) is
  'Strikes out everything that says who a lead was: its fields, what was sent, replies, notes, traces, quarantined copies; nothing more of it is sent or sold. Sales, prices and decisions stand. False when that was done before, LG404 when there is no such lead. The reason is kept: no names in it.';
