create or replace function leadgen.rule_allowed_postal_codes(p_facts leadgen.lead_facts, p_value jsonb, p_rules jsonb)
returns leadgen.failure[]
language plpgsql
immutable
as $$
-- The seed's words for this failure are part of the interface: "Invalid postal_code for offer".
begin
  if p_facts.postal_code is null or p_value ?| p_facts.postal_patterns then
    return '{}';
  end if;
  if p_facts.postal_patterns <> '{}' and exists (
    select from jsonb_array_elements_text(p_value) entry
    where entry ~ '^[^-]+-[^-]+$'
      and length(p_facts.postal_code) = length(split_part(entry, '-', 1))
      and p_facts.postal_code collate "C" between split_part(entry, '-', 1) and split_part(entry, '-', 2)
  ) then
    return '{}';
  end if;
  return leadgen.fail('postal_code_not_allowed', 'postal_code', 'Invalid postal_code for offer');
end;
$$;
comment on function leadgen.rule_allowed_postal_codes(leadgen.lead_facts, jsonb, jsonb) is
  'The postal code is on the list: exact (78701), by prefix (787*) or in a range (78701-78799).';
