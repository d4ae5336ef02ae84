create or replace function leadgen.check_policy_sense(p_kind text, p_body jsonb)
returns void
language plpgsql
stable
as $$
begin
  case p_kind
    when 'validation' then
      perform leadgen.check_places_sense(p_body);
      perform leadgen.check_fields_sense(p_body);
      perform leadgen.check_contact_sense(p_body);
    when 'routing' then
      perform leadgen.check_routing_sense(p_body);
      perform leadgen.check_caps_sense(p_body -> 'caps');
    when 'pricing' then
      perform leadgen.check_pricing_sense(p_body);
    else
      null;
  end case;
end;
$$;
comment on function leadgen.check_policy_sense(text, jsonb) is
  'Raises LG423 when keys of a policy, each well-formed, contradict each other.';
