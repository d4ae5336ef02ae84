create or replace function leadgen.mark_accepted(p_sale leadgen.lead_assignments, p_now timestamptz)
returns void
language plpgsql
volatile
as $$
begin
  update leadgen.lead_assignments a
  set outcome = 'accepted', accepted_at = p_now, delivered_at = coalesce(a.delivered_at, p_now), release_reason = null, updated_at = p_now
  where a.id = p_sale.id and a.market_id = p_sale.market_id;
  update leadgen.leads l
  set status = 'accepted', accepted_at = p_now, delivered_at = coalesce(l.delivered_at, p_now), updated_at = p_now
  where l.id = p_sale.lead_id and l.market_id = p_sale.market_id and l.status in ('validated', 'delivered');
end;
$$;
comment on function leadgen.mark_accepted(leadgen.lead_assignments, timestamptz) is
  'A sale, and its lead, is accepted from now on; whatever the outbox knows of it. The caller holds its row.';
