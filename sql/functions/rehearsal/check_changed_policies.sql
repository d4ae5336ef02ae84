create or replace function leadgen.check_changed_policies(p_offer leadgen.offers, p_changes jsonb)
returns void
language plpgsql
stable
as $$
-- Against the bodies of today; a lead judged by an older version is rehearsed on that version with the same keys changed.
declare
  v_path text;
begin
  select c.kind || '.' || c.key into v_path
  from (values ('validation', 'duplicate_window_hours'), ('validation', 'duplicate_match'), ('validation', 'duplicate_match_mode'),
    ('validation', 'duplicate_scope'), ('validation', 'max_per_ip_per_hour'), ('validation', 'max_per_phone_per_day'),
    ('validation', 'mx_lookup_enabled'), ('routing', 'contact_window_days')) c (kind, key)
  where p_changes -> c.kind ? c.key
  limit 1;
  if found then
    perform leadgen.refuse_value('changes.' || v_path, p_changes #>> string_to_array(v_path, '.'),
      'a key that looks up no other leads: a what-if judges a lead by what was found when it came');
  end if;
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
