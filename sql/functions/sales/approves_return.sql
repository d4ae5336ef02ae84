create or replace function leadgen.approves_return(p_sale leadgen.lead_assignments)
returns boolean
language plpgsql
stable
as $$
begin
  return leadgen.is_declinable(p_sale) or coalesce((
    select (d.settings).auto_approves_returns
    from leadgen.lead_decisions d
    where d.id = p_sale.decision_id and d.market_id = p_sale.market_id), true);
end;
$$;
comment on function leadgen.approves_return(leadgen.lead_assignments) is
  'Whether a return within window and quota needs nobody''s approval, by the terms that the sale was made under.';
