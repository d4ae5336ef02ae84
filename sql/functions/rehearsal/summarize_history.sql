create or replace function leadgen.summarize_history(p_rehearsal leadgen.rehearsal, p_from timestamptz, p_to timestamptz)
returns leadgen.tally
language plpgsql
stable
as $$
declare
  v_tally leadgen.tally;
begin
  with outcome as materialized (
    select
      to_char(l.created_at at time zone p_rehearsal.timezone, 'YYYY-MM-DD') as day,
      sale.n as sales,
      sale.revenue,
      case when sale.n > 0 then ('sold', null, null, null)::leadgen.outcome else leadgen.recall_outcome(l) end as o
    from leadgen.leads l
    cross join lateral (
      select count(*) as n, coalesce(sum(a.price), 0) as revenue
      from leadgen.lead_assignments a
      where a.lead_id = l.id and a.market_id = l.market_id and a.released_at is null
    ) sale
    where l.offer_id = p_rehearsal.offer_id and l.created_at >= p_from and l.created_at < p_to
  )
  select
    (select count(*) from outcome),
    jsonb_build_object('sales', (select coalesce(sum(sales), 0) from outcome), 'revenue', (select coalesce(sum(revenue), 0) from outcome))
      || (select coalesce(jsonb_object_agg(c, n), '{}') from (select (o).category as c, count(*) as n from outcome group by 1) x),
    (select coalesce(jsonb_object_agg(c, n), '{}') from (
      select (o).cause as c, count(*) as n from outcome where (o).category in ('unsold', 'held') group by 1) x),
    (select coalesce(jsonb_object_agg(c, n), '{}') from (select (o).cause as c, count(*) as n from outcome where (o).category = 'rejected' group by 1) x),
    '{}',
    (select coalesce(jsonb_object_agg(d.key, d.value), '{}') from (
      select day || ' sold' as key, count(*) as value from outcome where sales > 0 group by day
      union all
      select day || ' revenue', sum(revenue) from outcome where sales > 0 group by day) d),
    '[]',
    array(
      select jsonb_populate_record(s, jsonb_build_object('sales', coalesce(sold.n, 0), 'revenue', coalesce(sold.revenue, 0)))
      from unnest(p_rehearsal.seats) s
      left join (
        select a.buyer_offer_id, count(*) as n, sum(a.price) as revenue
        from leadgen.leads l
        join leadgen.lead_assignments a on a.lead_id = l.id and a.market_id = l.market_id and a.released_at is null
        where l.offer_id = p_rehearsal.offer_id and l.created_at >= p_from and l.created_at < p_to
        group by 1
      ) sold on sold.buyer_offer_id = s.buyer_offer_id
      order by s.buyer_offer_id)
  into v_tally;
  return v_tally;
end;
$$;
comment on function leadgen.summarize_history(leadgen.rehearsal, timestamptz, timestamptz) is
  'What became of an offer''s leads of a period.';
