create or replace function leadgen.summarize_lead(p_lead_id bigint)
returns text
language sql
stable
as $$
-- A buyer's own words for a return are not repeated: whoever sent the lead may read this.
  select case
    when l.validation_reason is not null then 'Rejected: ' || l.validation_reason
    else concat_ws('; ', sale.sold, sale.given_back, case
      when l.hold_until is not null then
        format('Held until %s: %s', to_char(l.hold_until at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'), coalesce(l.unsold_reason, 'one place is free'))
      when sale.sold is null then 'Unsold: ' || l.unsold_reason
    end)
  end
  from leadgen.leads l
  cross join lateral (
    select
      'Sold to ' || string_agg(s.words, ', ' order by s.id) filter (where s.released_at is null) as sold,
      'Given back by ' || string_agg(s.name, ', ' order by s.id) filter (where s.released_at is not null) as given_back
    from (
      select a.id, a.released_at, b.name,
        format('%s for %s %s%s', b.name, a.price, a.currency, case when a.is_exclusive then ' (exclusive)' else '' end) as words
      from leadgen.lead_assignments a
      join leadgen.buyers b on b.id = a.buyer_id
      where a.lead_id = l.id and a.market_id = l.market_id
    ) s
  ) sale
  where l.id = p_lead_id;
$$;
comment on function leadgen.summarize_lead(bigint) is 'What became of a lead, in one line.';
