create or replace function leadgen.explain_unsold(p_offer_id bigint, p_from timestamptz, p_to timestamptz)
returns table (cause text, leads bigint, money_lost numeric, nearest_buyer text, detail text)
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
-- Each unsold lead counts once, for the check that stood between it and the candidate that came nearest to buying it.
begin
  return query
  with unsold as (
    select
      d.decided_at, d.offer_load, nearest.cause, nearest.price,
      d.candidates[nearest.place] as candidate,
      d.reasons[nearest.place] as reason
    from leadgen.leads l
    cross join lateral (
      select * from leadgen.lead_decisions t
      where t.lead_id = l.id and t.market_id = l.market_id
      order by t.attempt desc limit 1
    ) d
    cross join lateral leadgen.find_cause(d.candidates, d.reasons) nearest
    where l.offer_id = p_offer_id and l.created_at >= p_from and l.created_at < p_to and l.unsold_reason is not null
  )
  select
    u.cause,
    count(*),
    coalesce(sum(u.price), 0),
    mode() within group (order by b.name::text),
    (array_agg(leadgen.describe_reason(u.candidate, u.offer_load, u.reason, u.decided_at) order by u.decided_at desc))[1]
  from unsold u
  left join leadgen.buyers b on b.id = (u.candidate).buyer_id
  group by u.cause
  order by 3 desc, 2 desc, 1;
end;
$$;
comment on function leadgen.explain_unsold(bigint, timestamptz, timestamptz) is
  'Why an offer''s valid leads of a period have no buyer (held ones included): by cause, the money that the nearest candidate would have paid, who that was most often, and the latest case with its numbers.';
