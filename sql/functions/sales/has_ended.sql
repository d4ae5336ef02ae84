create or replace function leadgen.has_ended(p_sale leadgen.lead_assignments)
returns boolean
language plpgsql
immutable
as $$
begin
  return p_sale.released_at is not null or p_sale.outcome not in ('pending', 'delivered', 'accepted', 'unknown');
end;
$$;
comment on function leadgen.has_ended(leadgen.lead_assignments) is 'Whether a sale was returned, lapsed or failed.';
