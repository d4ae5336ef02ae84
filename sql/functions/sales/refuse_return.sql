create or replace function leadgen.refuse_return(
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
-- What came with the delivery kept it from being accepted with it; now that it stands, it is.
begin
  update leadgen.sale_returns r
  set status = 'refused', decided_at = p_now, decided_by = p_by, decision_note = p_note
  where r.id = p_return.id;
  if p_sale.outcome = 'delivered' and coalesce(p_sale.acceptance, 'on_delivery') = 'on_delivery' then
    perform leadgen.mark_accepted(p_sale, p_now);
  end if;
end;
$$;
comment on function leadgen.refuse_return(leadgen.sale_returns, leadgen.lead_assignments, text, text, timestamptz) is
  'The sale stands: under on_delivery it is accepted, as its delivery would have made it; else its buyer''s time to answer goes on. The caller holds the sale.';
