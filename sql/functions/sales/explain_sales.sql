create or replace function leadgen.explain_sales(p_lead_id bigint)
returns jsonb
language sql
stable
as $$
  select coalesce(jsonb_agg(jsonb_build_object(
    'assignment_id', a.id,
    'buyer_id', a.buyer_id,
    'buyer', b.name,
    'price', a.price,
    'currency', a.currency,
    'price_steps', a.price_steps,
    'is_exclusive', a.is_exclusive,
    'outcome', a.outcome,
    'deliveries', (
      select jsonb_agg(jsonb_build_object(
        'delivery_id', d.id, 'channel', d.channel, 'status', d.status, 'attempts', d.attempts, 'last_error', d.last_error)
        order by d.id)
      from leadgen.deliveries d
      where d.assignment_id = a.id and d.market_id = a.market_id)
  ) order by a.id), '[]')
  from leadgen.lead_assignments a
  join leadgen.buyers b on b.id = a.buyer_id
  where a.lead_id = p_lead_id;
$$;
comment on function leadgen.explain_sales(bigint) is 'A lead''s sales as JSON: buyer, price with its steps, outcome, deliveries.';
