create or replace function leadgen.count_live_sales(p_lead leadgen.leads)
returns integer
language plpgsql
stable
as $$
begin
  return (
    select count(*) from leadgen.lead_assignments a
    where a.lead_id = p_lead.id and a.market_id = p_lead.market_id and a.released_at is null
  );
end;
$$;
comment on function leadgen.count_live_sales(leadgen.leads) is 'How many of a lead''s sales stand: neither returned, failed nor lapsed.';
