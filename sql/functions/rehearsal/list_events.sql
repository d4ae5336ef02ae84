create or replace function leadgen.list_events(
  p_offer_id bigint,
  p_market_id bigint,
  p_from timestamptz,
  p_to timestamptz
)
returns table (happened_at timestamptz, lead_id bigint, decision_id bigint, attempt integer, assignment_id bigint)
language sql
stable
as $$
  select coalesce(d.decided_at, l.created_at), l.id, d.id, d.attempt, null::bigint
  from leadgen.leads l
  left join leadgen.lead_decisions d on d.lead_id = l.id and d.market_id = l.market_id
  where l.offer_id = p_offer_id and l.created_at >= p_from and l.created_at < p_to
  union all
  select a.released_at, l.id, null, null, a.id
  from leadgen.leads l
  join leadgen.lead_assignments a on a.lead_id = l.id and a.market_id = p_market_id and a.released_at is not null
  where l.offer_id = p_offer_id and l.created_at >= p_from and l.created_at < p_to
  order by 1, 3 nulls first, 2, 5;
$$;
comment on function leadgen.list_events(bigint, bigint, timestamptz, timestamptz) is
  'What happened to an offer''s leads of a period, in order: routing attempts (decision_id), leads that failed validation (neither), sales given back (assignment_id).';
