create or replace function leadgen.is_declinable(p_sale leadgen.lead_assignments)
returns boolean
language plpgsql
immutable
as $$
begin
  return coalesce(p_sale.acceptance = 'explicit', false) and p_sale.outcome <> 'accepted';
end;
$$;
comment on function leadgen.is_declinable(leadgen.lead_assignments) is
  'Whether the buyer has not bought yet: under explicit acceptance, before it accepts. Giving such a sale back needs no approval and no quota, for silence would do the same.';
