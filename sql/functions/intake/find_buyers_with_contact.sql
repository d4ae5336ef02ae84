create or replace function leadgen.find_buyers_with_contact(
  p_facts leadgen.lead_facts,
  p_route leadgen.route,
  p_lead_id bigint default null
)
returns bigint[]
language plpgsql
stable
as $$
declare
  v_days constant numeric := (p_route.routing_settings).contact_window_days;
begin
  if v_days = 0 then
    return '{}';
  end if;
  return array(
    select a.buyer_id
    from (
      select l.id from leadgen.leads l
      where l.offer_id = p_route.offer_id and l.phone = p_facts.phone and l.created_at > p_facts.decided_at - v_days * interval '1 day'
      union all
      select l.id from leadgen.leads l
      where l.offer_id = p_route.offer_id and l.email = p_facts.email and l.created_at > p_facts.decided_at - v_days * interval '1 day'
    ) earlier
    join leadgen.lead_assignments a on a.lead_id = earlier.id and a.market_id = p_route.market_id
    where earlier.id is distinct from p_lead_id and a.outcome <> 'failed'
  );
end;
$$;
comment on function leadgen.find_buyers_with_contact(leadgen.lead_facts, leadgen.route, bigint) is
  'Buyers who bought another lead of the same phone or e-mail from the offer within the policy''s contact_window_days; a sale that never reached its buyer does not count.';
