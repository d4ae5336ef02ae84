create or replace function leadgen.summarize_lead(p_lead_id bigint)
returns text
language sql
stable
as $$
  select case
    when l.validation_reason is not null then 'Rejected: ' || l.validation_reason
    when l.buyer_id is null and l.hold_until is not null then
      format('Held until %s: %s', to_char(l.hold_until at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'), l.unsold_reason)
    when l.buyer_id is null then 'Unsold: ' || l.unsold_reason
    else 'Sold to ' || (
      select string_agg(format('%s for %s %s%s', b.name, a.price, a.currency, case when a.is_exclusive then ' (exclusive)' else '' end), ', '
        order by a.id)
      from leadgen.lead_assignments a
      join leadgen.buyers b on b.id = a.buyer_id
      where a.lead_id = l.id and a.market_id = l.market_id)
  end
  from leadgen.leads l
  where l.id = p_lead_id;
$$;
comment on function leadgen.summarize_lead(bigint) is 'What became of a lead, in one line.';
