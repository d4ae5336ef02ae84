create or replace function leadgen.explain_candidates(p_lead_id bigint)
returns table (
  attempt integer,
  decided_at timestamptz,
  buyer_offer_id bigint,
  buyer_id bigint,
  buyer_name text,
  verdict text,
  rank bigint,
  reason text,
  price numeric
)
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
  select
    d.attempt, d.decided_at, c.buyer_offer_id, c.buyer_id, b.name::text,
    case
      when c.ordinality = any (d.winners) then 'won'
      when d.reasons[c.ordinality] is null then 'passed'
      else 'lost'
    end,
    array_position(d.ranking, c.ordinality::integer),
    case
      when c.ordinality = any (d.winners) then null
      when d.reasons[c.ordinality] is null then
        format('ranked %s of %s by %s', array_position(d.ranking, c.ordinality::integer), cardinality(d.ranking),
          array_to_string((d.settings).strategy, ', then '))
      else leadgen.describe_reason(d.candidates[c.ordinality], d.offer_load, d.reasons[c.ordinality], d.decided_at)
    end,
    a.price
  from leadgen.lead_decisions d
  cross join lateral unnest(d.candidates) with ordinality as c
  join leadgen.buyers b on b.id = c.buyer_id
  left join leadgen.lead_assignments a on a.decision_id = d.id and a.buyer_offer_id = c.buyer_offer_id and a.market_id = d.market_id
  where d.lead_id = p_lead_id
  order by d.attempt, array_position(d.ranking, c.ordinality::integer) nulls last, c.ordinality;
$$;
comment on function leadgen.explain_candidates(bigint) is
  'A lead''s routing as rows: for each attempt every candidate, who won, who was ranked behind, and why each other lost, with numbers.';
