create or replace function leadgen.approve_return(
  p_return leadgen.sale_returns,
  p_sale leadgen.lead_assignments,
  p_by text,
  p_note text,
  p_now timestamptz
)
returns void
language plpgsql
volatile
as $$
begin
  update leadgen.sale_returns r
  set status = 'approved', decided_at = p_now, decided_by = p_by, decision_note = p_note
  where r.id = p_return.id;
  update leadgen.lead_assignments a
  set outcome = 'returned', updated_at = p_now
  where a.id = p_sale.id and a.market_id = p_sale.market_id;
  perform leadgen.release_sale(p_sale.id, 'returned: ' || p_return.reason_code);
end;
$$;
comment on function leadgen.approve_return(leadgen.sale_returns, leadgen.lead_assignments, text, text, timestamptz) is
  'The sale is returned: its place is free again, its lead goes on as the policy says. The caller holds the offer''s lock and the sale.';
