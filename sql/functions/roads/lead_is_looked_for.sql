-- Road: somebody asks for a lead, by whatever they know of it.

create or replace function roads.find_leads(p_text text, p_limit integer, p_hash_key text)
returns table (
  lead_id bigint,
  quarantine_id bigint,
  created_at timestamptz,
  offer text,
  source text,
  status text,
  matched text,
  summary text,
  deliveries text
)
language plpgsql
stable
as $$
-- No personal data comes out: whoever asks has it already.
declare
  v_key constant bytea := case when p_hash_key is not null then intake.read_hash_key(p_hash_key) end;
begin
  return query
  select f.lead_id, f.quarantine_id, f.created_at, f.offer, f.source, f.status, f.matched, f.summary, f.deliveries
  from (
    select l.id as lead_id, null::bigint as quarantine_id, l.created_at, o.slug::text as offer,
      s.source_key::text as source, roads.describe_status(l.status, l.unsold_reason, l.hold_until) as status, m.matched,
      case
        when l.validation_reason is not null then coalesce(
          'Rejected: ' || (
            select string_agg(e.value ->> 'reason', '; ' order by e.ordinality)
            from jsonb_array_elements(l.answer -> 'errors') with ordinality as e),
          roads.summarize_lead(l.id))
        else roads.summarize_lead(l.id)
      end as summary,
      (
        select string_agg(format('%s %s (delivery %s)', d.channel, d.status, d.id), ', ' order by d.id)
        from leadgen.deliveries d
        where d.lead_id = l.id and d.market_id = l.market_id and d.assignment_id is not null
      ) as deliveries
    from intake.list_matching_leads(p_text, p_limit, v_key) m
    join leadgen.leads l on l.id = m.lead_id
    join leadgen.offers o on o.id = l.offer_id
    join leadgen.sources s on s.id = l.source_id
    union all
    select null, q.id, q.created_at, null, q.payload ->> 'source_key', 'quarantined', m.matched,
      'In quarantine: ' || q.reason, null
    from intake.list_matching_quarantined(p_text, v_key) m
    join leadgen.intake_quarantine q on q.id = m.quarantine_id
  ) f
  order by f.created_at desc, f.lead_id desc
  limit p_limit;
end;
$$;
comment on function roads.find_leads(text, integer, text) is 'The work of leadgen.find_leads.';

create or replace function roads.describe_status(
  p_status leadgen.lead_status,
  p_unsold_reason text,
  p_hold_until timestamptz
)
returns text
language plpgsql
immutable
as $$
-- A shared lead that waits for one more buyer is sold.
begin
  return case
    when p_status <> 'validated' then p_status::text
    when p_unsold_reason is null then 'sold'
    when p_hold_until is not null then 'held'
    else 'unsold'
  end;
end;
$$;
comment on function roads.describe_status(leadgen.lead_status, text, timestamptz) is
  'The status of a lead as people say it: a lead that is validated is '
  'sold, held (unsold, it waits for a buyer) or unsold.';
