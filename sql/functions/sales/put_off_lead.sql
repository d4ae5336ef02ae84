create or replace function leadgen.put_off_lead(p_lead leadgen.leads, p_until timestamptz, p_now timestamptz)
returns void
language plpgsql
volatile
as $$
begin
  update leadgen.leads l
  set next_route_at = least(p_until, l.hold_until), updated_at = p_now
  where l.id = p_lead.id and l.market_id = p_lead.market_id;
end;
$$;
comment on function leadgen.put_off_lead(leadgen.leads, timestamptz, timestamptz) is 'Sets when a held lead is offered next.';
