create or replace function leadgen.explain_lead(p_lead_id bigint)
returns jsonb
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
-- No personal data of the lead: an account of the decision can be shown to whoever runs the market.
declare
  v_account jsonb;
begin
  select jsonb_build_object(
    'lead_id', l.id,
    'status', l.status,
    'summary', leadgen.summarize_lead(l.id),
    'received_at', l.created_at,
    'market', m.name,
    'vertical', v.name,
    'offer_id', o.id,
    'offer', o.name,
    'source', s.source_key,
    'postal_code', l.postal_code,
    'validation', jsonb_build_object(
      'passed', l.validation_reason is null,
      'policy_id', l.validation_policy_id,
      'policy_version', l.validation_policy_version,
      'errors', coalesce(l.answer -> 'errors', '[]')),
    'unsold_reason', l.unsold_reason,
    'hold_until', l.hold_until,
    'attempts', coalesce((
      select jsonb_agg(jsonb_build_object(
        'attempt', d.attempt,
        'decided_at', d.decided_at,
        'routing_policy_id', d.routing_policy_id,
        'routing_policy_version', d.routing_policy_version,
        'strategy', (d.settings).strategy,
        'max_buyers', (d.settings).max_buyers,
        'exclusive_buyer_id', d.exclusive_buyer_id,
        'unsold_reason', d.unsold_reason,
        'next_route_at', d.next_route_at,
        'offer_load', to_jsonb(d.offer_load),
        'candidates', (
          select jsonb_agg(to_jsonb(c) - '{attempt,decided_at}'::text[])
          from leadgen.explain_candidates(l.id) c where c.attempt = d.attempt)
      ) order by d.attempt)
      from leadgen.lead_decisions d where d.lead_id = l.id and d.market_id = l.market_id), '[]'),
    'sales', leadgen.explain_sales(l.id)
  )
  into v_account
  from leadgen.leads l
  join leadgen.markets m on m.id = l.market_id
  join leadgen.verticals v on v.id = l.vertical_id
  join leadgen.offers o on o.id = l.offer_id
  join leadgen.sources s on s.id = l.source_id
  where l.id = p_lead_id;
  if v_account is null then
    perform leadgen.refuse('LG404', format('No lead %s', p_lead_id), 'lead_id');
  end if;
  return v_account;
end;
$$;
comment on function leadgen.explain_lead(bigint) is
  'A person''s account of a lead as JSON: what it was judged to be, every candidate of every routing attempt with its reason and numbers, the sales and their deliveries. LG404 when there is none.';
