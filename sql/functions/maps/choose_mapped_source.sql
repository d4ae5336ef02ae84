create or replace function leadgen.choose_mapped_source(p_source leadgen.mapped_source, p_payload jsonb)
returns leadgen.mapped_source
language plpgsql
stable
as $$
-- One ad account posts the leads of many campaigns to one address. A lead that its first source has taken stays there,
-- or a campaign mapped between two tries would sell it twice.
declare
  v_source leadgen.mapped_source := p_source;
begin
  if p_source.map -> 'by_campaign' = 'true' and not exists (
    select from leadgen.leads l where l.source_id = p_source.source_id and l.idempotency_key = p_payload ->> 'idempotency_key') then
    select s.id, s.source_key, s.api_key_hash into v_source.source_id, v_source.source_key, v_source.api_key_hash
    from leadgen.source_campaigns c
    join leadgen.sources s on s.id = c.source_id
    where c.utm_source = lower(leadgen.collapse_space(p_payload ->> 'utm_source'))
      and c.utm_campaign = lower(leadgen.collapse_space(p_payload ->> 'utm_campaign'));
    if not found then
      return p_source;
    end if;
  end if;
  return v_source;
end;
$$;
comment on function leadgen.choose_mapped_source(leadgen.mapped_source, jsonb) is
  'The source that takes a mapped lead: where the map says by_campaign, the one that its campaign belongs to (source_campaigns), else the one that posted it.';
