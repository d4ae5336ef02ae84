create or replace function leadgen.strike_out_traces(p_lead leadgen.leads)
returns void
language plpgsql
volatile
as $$
-- The logs that never change let this one change through (leadgen.allow_erasure), and only while it is announced.
begin
  perform set_config('leadgen.is_erasing', 'on', true);
  update leadgen.delivery_attempts a
  set reply = null, error = null
  from leadgen.deliveries d
  where d.lead_id = p_lead.id and a.delivery_id = d.id and a.market_id = d.market_id and (a.reply is not null or a.error is not null);
  update leadgen.lead_decisions d
  set candidates = leadgen.strike_out_numbers(d.candidates)
  where d.lead_id = p_lead.id and d.market_id = p_lead.market_id
    and exists (select from unnest(d.candidates) c where c.filter_fault is not null);
  perform set_config('leadgen.is_erasing', '', true);

  update leadgen.deliveries d
  set last_error = null
  where d.lead_id = p_lead.id and d.market_id = p_lead.market_id and d.last_error is not null;
  update leadgen.sale_returns r
  set note = null, decision_note = null
  from leadgen.lead_assignments a
  where a.lead_id = p_lead.id and a.market_id = p_lead.market_id and r.assignment_id = a.id
    and (r.note is not null or r.decision_note is not null);
  update leadgen.lead_assignments a
  set release_reason = 'returned'
  where a.lead_id = p_lead.id and a.market_id = p_lead.market_id and a.release_reason like 'returned: %'
    and not exists (select from leadgen.return_reasons r where a.release_reason = 'returned: ' || r.code);
end;
$$;
comment on function leadgen.strike_out_traces(leadgen.leads) is
  'Takes out of the record of an erased lead''s deliveries, returns and decisions what people said of it.';
