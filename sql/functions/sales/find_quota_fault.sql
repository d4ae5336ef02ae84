create or replace function leadgen.find_quota_fault(p_sale leadgen.lead_assignments)
returns text
language plpgsql
stable
as $$
-- By the terms that the sale was made under. The caller holds the offer's lock, so nobody else counts at the same time.
-- A sale that never reached its buyer, or that it did not take, is none of which it could return its share.
declare
  v_terms leadgen.routing_settings;
  v_cycle text;
  v_timezone text;
  v_start timestamptz;
  v_sales integer;
  v_returns integer;
  v_limit integer;
begin
  select (d.settings).* into v_terms
  from leadgen.lead_decisions d
  where d.id = p_sale.decision_id and d.market_id = p_sale.market_id;
  if leadgen.is_declinable(p_sale) or coalesce(v_terms.return_quota_count, v_terms.return_quota_percent) is null then
    return null;
  end if;
  v_cycle := coalesce(v_terms.return_cycle, 'month');
  select coalesce(bo.timezone, m.timezone) into v_timezone
  from leadgen.offers o
  join leadgen.markets m on m.id = o.market_id
  left join leadgen.buyer_offers bo on bo.id = p_sale.buyer_offer_id
  where o.id = p_sale.offer_id;
  v_start := date_trunc(v_cycle, p_sale.created_at, v_timezone);
  select count(*), count(r.id) into v_sales, v_returns
  from leadgen.lead_assignments a
  left join leadgen.sale_returns r on r.assignment_id = a.id and r.status in ('requested', 'approved')
  where a.buyer_id = p_sale.buyer_id and a.buyer_offer_id = p_sale.buyer_offer_id and a.market_id = p_sale.market_id
    and a.created_at >= v_start - interval '1 hour' and a.created_at < v_start + interval '32 days'
    and date_trunc(v_cycle, a.created_at, v_timezone) = v_start
    and a.outcome <> 'failed'
    and (a.acceptance is distinct from 'explicit' or a.accepted_at is not null);
  v_limit := coalesce(v_terms.return_quota_count, floor(v_terms.return_quota_percent * v_sales / 100)::integer);
  if v_returns < v_limit then
    return null;
  end if;
  return format('%s of %s returns of %ssales in %s', v_returns, v_limit,
    case when v_terms.return_quota_count is null then v_sales || ' ' else '' end,
    case v_cycle
      when 'week' then to_char(v_start at time zone v_timezone, '"the week of" YYYY-MM-DD')
      else to_char(v_start at time zone v_timezone, 'FMMonth YYYY')
    end);
end;
$$;
comment on function leadgen.find_quota_fault(leadgen.lead_assignments) is
  'Why one more return would go over the buyer''s quota, with the numbers: "5 of 5 returns of sales in November 2026"; null: it would not.';
