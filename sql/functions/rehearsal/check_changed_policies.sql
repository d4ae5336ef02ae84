create or replace function leadgen.check_changed_policies(p_offer leadgen.offers, p_changes jsonb)
returns void
language plpgsql
stable
as $$
-- Against the bodies of today; a lead judged by an older version is rehearsed on that version with the same keys changed.
begin
  if p_changes ? 'validation' then
    perform leadgen.check_policy('validation', leadgen.lay_over(
      (select p.rules from leadgen.validation_policies p where p.id = p_offer.validation_policy_id), p_changes -> 'validation'));
  end if;
  if p_changes ? 'routing' then
    perform leadgen.check_policy('routing', leadgen.lay_over(
      (select p.config from leadgen.routing_policies p where p.id = p_offer.routing_policy_id), p_changes -> 'routing'));
  end if;
  if p_changes ? 'pricing' then
    perform leadgen.check_policy('pricing', leadgen.lay_over(
      coalesce((select p.rules from leadgen.pricing_policies p where p.id = p_offer.pricing_policy_id), '{}'), p_changes -> 'pricing'));
  end if;
end;
$$;
comment on function leadgen.check_changed_policies(leadgen.offers, jsonb) is
  'Checks the policies of a what-if as a write to their rows would.';
