create or replace function leadgen.has_ended(p_sale leadgen.lead_assignments)
returns boolean
language plpgsql
immutable
as $$
begin
  return p_sale.released_at is not null or p_sale.outcome = 'returned'
    or (p_sale.outcome = 'failed' and p_sale.release_reason is not null);
end;
$$;
comment on function leadgen.has_ended(leadgen.lead_assignments) is 'Whether a sale was returned, lapsed or failed; one that failed and is not given to the next buyer has not ended.';
