create or replace function leadgen.check_routing_sense(p_config jsonb)
returns void
language plpgsql
immutable
as $$
declare
  v_strategy constant text := coalesce(p_config ->> 'strategy', 'priority');
  v_mode constant text := coalesce(p_config #>> '{acceptance,mode}', 'on_delivery');
  v_tie_breaker record;
  v_key text;
begin
  for v_tie_breaker in
    select t.value, t.ordinality - 1 as place from jsonb_array_elements_text(p_config -> 'tie_breakers') with ordinality t
  loop
    if v_tie_breaker.value = v_strategy then
      perform leadgen.refuse_value('config.tie_breakers[' || v_tie_breaker.place || ']', v_tie_breaker.value,
        'another strategy than ' || v_strategy || ', among whose equals it is to decide');
    end if;
  end loop;
  if p_config ? 'hold_hours' and p_config ->> 'on_no_buyer' = 'reject'
    and p_config #>> '{exclusivity,when_unavailable}' is distinct from 'hold' then
    perform leadgen.refuse_value('config.hold_hours', p_config ->> 'hold_hours', 'nothing: on_no_buyer is reject, so no lead is held');
  end if;
  foreach v_key in array '{on_return,on_failure}'::text[] loop
    if p_config -> 'reroute' -> v_key = 'true' and (p_config #>> '{reroute,max_attempts}')::integer = 0 then
      perform leadgen.refuse_value('config.reroute.' || v_key, 'true', 'false, or max_attempts of 1 or more');
    end if;
  end loop;
  if v_mode <> 'on_delivery' and not p_config -> 'acceptance' ? 'window_hours' then
    perform leadgen.refuse_value('config.acceptance.window_hours', 'nothing', format('a number of hours: mode is %s', v_mode));
  elsif v_mode = 'on_delivery' and p_config -> 'acceptance' ? 'window_hours' then
    perform leadgen.refuse_value('config.acceptance.window_hours', p_config #>> '{acceptance,window_hours}',
      'nothing: mode is on_delivery, which waits for nobody');
  end if;
  if v_mode = 'auto_after' and p_config -> 'returns' ? 'window_hours' then
    perform leadgen.refuse_value('config.returns.window_hours', p_config #>> '{returns,window_hours}',
      'nothing: under acceptance auto_after a sale is returned within acceptance.window_hours');
  end if;
  foreach v_key in array '{auto_approve,quota}'::text[] loop
    if p_config -> 'returns' ? v_key and (p_config #>> '{returns,window_hours}')::numeric = 0 then
      perform leadgen.refuse_value('config.returns.' || v_key, p_config -> 'returns' ->> v_key,
        'nothing: window_hours is 0, so there are no returns');
    end if;
  end loop;
end;
$$;
comment on function leadgen.check_routing_sense(jsonb) is
  'Raises LG423 when a routing policy breaks ties by its own strategy, or sets what another key turns off or leaves without a limit.';
