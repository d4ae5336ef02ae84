create or replace function leadgen.gather_exclusivity(
  p_facts leadgen.lead_facts,
  p_route leadgen.route,
  p_settings leadgen.routing_settings
)
returns leadgen.exclusivity
language plpgsql
stable
as $$
declare
  v_exclusivity leadgen.exclusivity;
begin
  select e.buyer_id, e.scope_type, e.scope_value
  into v_exclusivity
  from leadgen.offer_exclusivities e
  where e.offer_id = p_route.offer_id
    and e.is_active
    and e.scope_type = any (p_settings.exclusivity_scopes)
    and e.scope_key = any (case e.scope_type
      when 'city' then array[p_facts.city_key]
      else p_facts.postal_patterns
    end)
  order by array_position(p_settings.exclusivity_scopes, e.scope_type::text), array_position(p_facts.postal_patterns, e.scope_key::text)
  limit 1;
  return v_exclusivity;
end;
$$;
comment on function leadgen.gather_exclusivity(leadgen.lead_facts, leadgen.route, leadgen.routing_settings) is
  'Who owns the lead''s postal code or city, in the policy''s order of scopes; the postal code itself before its prefixes, the longest first.';
