-- Road: somebody asks what leads that went unsold have cost.

create or replace function roads.explain_unsold(p_offer_id bigint, p_from timestamptz, p_to timestamptz)
returns table (
  cause text,
  leads bigint,
  places bigint,
  money_lost numeric,
  held bigint,
  money_held numeric,
  nearest_buyer text,
  detail text
)
language plpgsql
stable
as $$
-- Each unsold lead counts once, for the check that stood between it and the candidate that came nearest to buying it,
-- and with each place that it could have been sold in if that check had let everybody pass. A lead that is still held
-- may be sold: nothing is lost with it yet.
begin
  return query
  with unsold as materialized (
    select d.decided_at, nearest.cause, lost.prices, (s.snapshot).buyers[nearest.place] as buyer_id,
      (kernel.describe_reasons(s.snapshot, d.reasons))[nearest.place] as words,
      coalesce(l.hold_until > leadgen.clock(), false) as is_held
    from leadgen.leads l
    cross join lateral (
      select t as record, t.decided_at, t.reasons
      from leadgen.lead_decisions t
      where t.lead_id = l.id and t.market_id = l.market_id
      order by t.attempt desc limit 1
    ) d
    cross join lateral (select market.recall_policy(d.record) as policy offset 0) p
    cross join lateral (select market.recall_snapshot(d.record, p.policy) as snapshot offset 0) s
    cross join lateral kernel.find_cause(s.snapshot, d.reasons) nearest
    cross join lateral (
      select kernel.list_lost_prices(s.snapshot, d.reasons, nearest.cause, (p.policy).max_buyers) as prices
      offset 0
    ) lost
    where l.offer_id = p_offer_id and l.created_at >= p_from and l.created_at < p_to
      and l.unsold_reason is not null
  )
  select
    u.cause,
    count(*) filter (where not u.is_held),
    coalesce(sum(cardinality(u.prices)) filter (where not u.is_held), 0)::bigint,
    coalesce(sum(m.money) filter (where not u.is_held), 0),
    count(*) filter (where u.is_held),
    coalesce(sum(m.money) filter (where u.is_held), 0),
    mode() within group (order by b.name::text),
    (array_agg(u.words order by u.decided_at desc))[1]
  from unsold u
  cross join lateral (select sum(t.price) as money from unnest(u.prices) t (price)) m
  left join leadgen.buyers b on b.id = u.buyer_id
  group by u.cause
  order by 4 desc, 6 desc, 2 desc, 1;
end;
$$;
comment on function roads.explain_unsold(bigint, timestamptz, timestamptz) is 'The work of leadgen.explain_unsold.';
