create or replace function leadgen.report_buyers(
  p_history leadgen.tally,
  p_rehearsed leadgen.tally,
  p_from timestamptz,
  p_to timestamptz
)
returns jsonb
language plpgsql
stable
as $$
declare
  v_until constant timestamptz := least(p_to, leadgen.clock());
begin
  return (
    select coalesce(jsonb_agg(jsonb_build_object(
      'buyer_offer_id', case when bo.id is not null then s.buyer_offer_id end,
      'buyer_id', b.id,
      'buyer', b.name,
      'actual', leadgen.report_buyer(h.sales, h.revenue, (p_history.counts ->> 'sales')::numeric,
        leadgen.find_capacity(caps.now, p_from, v_until)),
      'simulated', leadgen.report_buyer(s.sales, s.revenue, (p_rehearsed.counts ->> 'sales')::numeric,
        leadgen.find_capacity(caps.now || coalesce(s.changes, '{}'), p_from, v_until))
    ) order by s.revenue desc, s.buyer_offer_id), '[]')
    from unnest(p_rehearsed.seats) s
    join leadgen.buyers b on b.id = s.buyer_id
    left join unnest(p_history.seats) h on h.buyer_offer_id = s.buyer_offer_id
    left join leadgen.buyer_offers bo on bo.id = s.buyer_offer_id
    cross join lateral (select jsonb_build_object('cap_hour', bo.capacity_per_hour, 'cap_day', bo.capacity_per_day,
      'cap_week', bo.capacity_per_week, 'cap_month', bo.capacity_per_month) as now) caps
  );
end;
$$;
comment on function leadgen.report_buyers(leadgen.tally, leadgen.tally, timestamptz, timestamptz) is
  'The buyers of a what-if: sales, revenue, share of all sales and fill of their caps, as it was and as it would have been.';
