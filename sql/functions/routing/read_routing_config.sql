create or replace function leadgen.read_routing_config(p_config jsonb)
returns leadgen.routing_settings
language plpgsql
immutable
as $$
declare
  v_settings leadgen.routing_settings;
begin
  v_settings.strategy := array[coalesce(p_config ->> 'strategy', 'priority')];
  if p_config ? 'tie_breakers' then
    v_settings.strategy := v_settings.strategy || array(select jsonb_array_elements_text(p_config -> 'tie_breakers'));
  end if;
  v_settings.exclusivity_scopes := '{postal_code,city}';
  if p_config -> 'exclusivity' ? 'scopes' then
    v_settings.exclusivity_scopes := array(select jsonb_array_elements_text(p_config #> '{exclusivity,scopes}'));
  end if;
  v_settings.when_unavailable := coalesce(p_config #>> '{exclusivity,when_unavailable}', 'fall_through');
  v_settings.max_buyers := coalesce((p_config ->> 'max_buyers')::integer, 1);
  v_settings.on_no_buyer := coalesce(p_config ->> 'on_no_buyer', 'hold');
  v_settings.hold_hours := coalesce((p_config ->> 'hold_hours')::numeric, 24);
  return v_settings;
end;
$$;
comment on function leadgen.read_routing_config(jsonb) is 'A routing policy''s config with every default filled in.';
