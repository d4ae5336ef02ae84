create or replace function leadgen.read_routing_config(p_config jsonb)
returns leadgen.routing_settings
language plpgsql
immutable
as $$
declare
  v_caps constant jsonb := p_config -> 'caps';
  v_reroute constant jsonb := p_config -> 'reroute';
  v_acceptance constant jsonb := p_config -> 'acceptance';
  v_delivery constant jsonb := p_config -> 'delivery';
  v_returns constant jsonb := p_config -> 'returns';
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

  v_settings.cap_hour := (v_caps ->> 'per_hour')::integer;
  v_settings.cap_day := (v_caps ->> 'per_day')::integer;
  v_settings.cap_week := (v_caps ->> 'per_week')::integer;
  v_settings.cap_month := (v_caps ->> 'per_month')::integer;
  v_settings.budget_day := (v_caps ->> 'budget_per_day')::numeric;
  v_settings.budget_month := (v_caps ->> 'budget_per_month')::numeric;
  v_settings.contact_window_days := coalesce((p_config ->> 'contact_window_days')::numeric, 30);

  v_settings.reroutes_on_return := coalesce((v_reroute ->> 'on_return')::boolean, true);
  v_settings.reroutes_on_failure := coalesce((v_reroute ->> 'on_failure')::boolean, true);
  v_settings.max_reroutes := coalesce((v_reroute ->> 'max_attempts')::integer, 3);
  v_settings.acceptance := coalesce(v_acceptance ->> 'mode', 'on_delivery');
  v_settings.acceptance_hours := (v_acceptance ->> 'window_hours')::numeric;
  v_settings.delivery_timeout_seconds := (v_delivery ->> 'timeout_seconds')::numeric;
  if v_delivery ? 'retry_seconds' then
    v_settings.delivery_retry_seconds := array(select (e.value #>> '{}')::numeric
      from jsonb_array_elements(v_delivery -> 'retry_seconds') with ordinality as e order by e.ordinality);
  end if;
  v_settings.returns_hours := coalesce((v_returns ->> 'window_hours')::numeric, 168);
  v_settings.return_quota_count := (v_returns #>> '{quota,count}')::integer;
  v_settings.return_quota_percent := (v_returns #>> '{quota,percent}')::numeric;
  v_settings.return_cycle := coalesce(v_returns #>> '{quota,cycle}', 'month');
  v_settings.auto_approves_returns := coalesce((v_returns ->> 'auto_approve')::boolean, true);
  v_settings.resells_on_unknown := coalesce((v_delivery ->> 'resell_on_unknown')::boolean, false);
  return v_settings;
end;
$$;
comment on function leadgen.read_routing_config(jsonb) is 'A routing policy''s config with every default filled in.';
