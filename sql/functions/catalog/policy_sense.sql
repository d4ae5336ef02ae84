-- Keys of a policy that are well-formed one by one and contradict each other.

create or replace function catalog.check_policy_sense(p_kind text, p_body jsonb)
returns void
language plpgsql
stable
as $$
begin
  case p_kind
    when 'validation' then
      perform catalog.check_places_sense(p_body);
      perform catalog.check_fields_sense(p_body);
      perform catalog.check_contact_sense(p_body);
    when 'routing' then
      perform catalog.check_routing_sense(p_body);
      perform catalog.check_caps_sense(p_body -> 'caps');
    when 'pricing' then
      perform catalog.check_pricing_sense(p_body);
    when 'payout' then
      perform catalog.check_payout_sense(p_body);
    else
      null;
  end case;
end;
$$;
comment on function catalog.check_policy_sense(text, jsonb) is
  'Raises LG423 when keys of a policy, each well-formed, contradict each other.';

create or replace function catalog.check_places_sense(p_rules jsonb)
returns void
language plpgsql
stable
as $$
declare
  v_countries constant jsonb := p_rules -> 'allowed_country_codes';
  v_allowed constant text := 'a place in one of allowed_country_codes: ' || (p_rules ->> 'allowed_country_codes');
  v_region record;
  v_unknown record;
begin
  if exists (select from leadgen.phone_regions) then
    select c.path, c.value into v_unknown
    from (
      select 'allowed_country_codes[' || a.ordinality - 1 || ']' as path, a.value
      from jsonb_array_elements_text(v_countries) with ordinality a
      union all
      select 'phone_region', p_rules ->> 'phone_region'
    ) c
    where left(c.value, 2) not in (select r.country_code from leadgen.phone_regions r)
    limit 1;
    if found then
      perform kernel.refuse_value('rules.' || v_unknown.path, v_unknown.value,
        'a country that has telephone numbers (leadgen.phone_regions)');
    end if;
  end if;
  for v_region in
    select r.value, r.ordinality - 1 as place
    from jsonb_array_elements_text(p_rules -> 'allowed_region_codes') with ordinality r
  loop
    if not v_countries ? left(v_region.value, 2) then
      perform kernel.refuse_value('rules.allowed_region_codes[' || v_region.place || ']', v_region.value, v_allowed);
    end if;
  end loop;
  if not v_countries ? left(p_rules ->> 'phone_region', 2) then
    perform kernel.refuse_value('rules.phone_region', p_rules ->> 'phone_region', v_allowed);
  end if;
end;
$$;
comment on function catalog.check_places_sense(jsonb) is
  'Raises LG423 when a region or the phone''s region lies in no country that the policy allows, or a country is none.';

create or replace function catalog.check_fields_sense(p_rules jsonb)
returns void
language plpgsql
immutable
as $$
declare
  v_field record;
  v_value record;
  v_longest constant integer := (p_rules #>> '{field_rules,message,maxLength}')::integer;
begin
  for v_field in
    select f.key, f.value as rule, 'rules.field_rules.' || f.key as path, f.value ->> 'type' as type,
      f.value ?| '{minimum,maximum}' as has_bounds, f.value ?| '{pattern,minLength,maxLength}' as has_form,
      f.key = any (kernel.list_fields()) and f.key not in ('consent', 'gdpr_consent') as is_text
    from jsonb_each(p_rules -> 'field_rules') f
  loop
    if v_field.is_text and (v_field.has_bounds or v_field.type <> 'string') then
      perform kernel.refuse_value(v_field.path, v_field.rule::text,
        'words for text: every lead has ' || v_field.key || ' as a string');
    elsif v_field.has_bounds and (v_field.has_form or v_field.type not in ('number', 'integer')) then
      perform kernel.refuse_value(v_field.path, v_field.rule::text,
        'minimum and maximum for a number only, without words for text');
    elsif v_field.has_form and v_field.type <> 'string' then
      perform kernel.refuse_value(v_field.path, v_field.rule::text,
        'pattern, minLength and maxLength for a string only');
    end if;
    for v_value in
      select e.value, v_field.path || '.enum[' || e.ordinality - 1 || ']' as path,
        kernel.find_field_fault(e.value, v_field.rule) as fault
      from jsonb_array_elements(v_field.rule -> 'enum') with ordinality e
    loop
      if v_value.fault is not null then
        perform kernel.refuse_value(v_value.path, v_value.value::text,
          'a value that the other words let pass: this one ' || v_value.fault);
      end if;
    end loop;
  end loop;
  if (p_rules ->> 'min_message_length')::integer > v_longest then
    perform kernel.refuse_value('rules.min_message_length', p_rules ->> 'min_message_length',
      format('at most field_rules.message.maxLength, which is %s', v_longest));
  end if;
end;
$$;
comment on function catalog.check_fields_sense(jsonb) is
  'Raises LG423 when what is asked of a field cannot be met: words for numbers and for text at once, words for '
  'numbers of a core field that is text, an enum value that its own rule refuses.';

create or replace function catalog.check_contact_sense(p_rules jsonb)
returns void
language plpgsql
immutable
as $$
declare
  v_key text;
begin
  if p_rules ->> 'duplicate_match_mode' = 'all' and jsonb_array_length(p_rules -> 'duplicate_match') = 1 then
    perform kernel.refuse_value('rules.duplicate_match_mode', 'all', 'any, or two fields in duplicate_match');
  elsif p_rules ->> 'duplicate_match_mode' = 'all' and p_rules -> 'duplicate_match' @> '["email", "mailbox"]' then
    perform kernel.refuse_value('rules.duplicate_match', p_rules ->> 'duplicate_match',
      'email or mailbox, not both, where all must be equal: one e-mail is one mailbox');
  end if;
  foreach v_key in array '{duplicate_match,duplicate_match_mode,duplicate_scope}'::text[] loop
    if p_rules ? v_key and (p_rules ->> 'duplicate_window_hours')::numeric = 0 then
      perform kernel.refuse_value('rules.' || v_key, p_rules ->> v_key,
        'nothing: duplicate_window_hours is 0, which turns duplicates off');
    end if;
  end loop;
  if p_rules ? 'mx_unknown' and p_rules -> 'mx_lookup_enabled' is distinct from 'true' then
    perform kernel.refuse_value('rules.mx_unknown', p_rules ->> 'mx_unknown',
      'nothing, or mx_lookup_enabled true beside it');
  end if;
end;
$$;
comment on function catalog.check_contact_sense(jsonb) is
  'Raises LG423 for settings of duplicates and mail lookups that say nothing because of another key.';

create or replace function catalog.check_routing_sense(p_config jsonb)
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
    select t.value, t.ordinality - 1 as place
    from jsonb_array_elements_text(p_config -> 'tie_breakers') with ordinality t
  loop
    if v_tie_breaker.value = v_strategy then
      perform kernel.refuse_value('config.tie_breakers[' || v_tie_breaker.place || ']', v_tie_breaker.value,
        'another strategy than ' || v_strategy || ': a tie-breaker decides among those whom that ranks equal');
    end if;
  end loop;
  if p_config ? 'hold_hours' and p_config ->> 'on_no_buyer' = 'reject'
    and p_config #>> '{exclusivity,when_unavailable}' is distinct from 'hold' then
    perform kernel.refuse_value('config.hold_hours', p_config ->> 'hold_hours',
      'nothing: on_no_buyer is reject, so no lead is held');
  end if;
  foreach v_key in array '{on_return,on_failure}'::text[] loop
    if p_config -> 'reroute' -> v_key = 'true' and (p_config #>> '{reroute,max_attempts}')::integer = 0 then
      perform kernel.refuse_value('config.reroute.' || v_key, 'true', 'false, or max_attempts of 1 or more');
    end if;
  end loop;
  if v_mode <> 'on_delivery' and not p_config -> 'acceptance' ? 'window_hours' then
    perform kernel.refuse_value('config.acceptance.window_hours', 'nothing',
      format('a number of hours: mode is %s', v_mode));
  elsif v_mode = 'on_delivery' and p_config -> 'acceptance' ? 'window_hours' then
    perform kernel.refuse_value('config.acceptance.window_hours', p_config #>> '{acceptance,window_hours}',
      'nothing: mode is on_delivery, which waits for nobody');
  end if;
  if v_mode = 'auto_after' and p_config -> 'returns' ? 'window_hours' then
    perform kernel.refuse_value('config.returns.window_hours', p_config #>> '{returns,window_hours}',
      'nothing: under acceptance auto_after a sale is returned within acceptance.window_hours');
  end if;
  foreach v_key in array '{auto_approve,quota}'::text[] loop
    if p_config -> 'returns' ? v_key and (p_config #>> '{returns,window_hours}')::numeric = 0 then
      perform kernel.refuse_value('config.returns.' || v_key, p_config -> 'returns' ->> v_key,
        'nothing: window_hours is 0, so there are no returns');
    end if;
  end loop;
end;
$$;
comment on function catalog.check_routing_sense(jsonb) is
  'Raises LG423 when a routing policy breaks ties by its own strategy, or sets what another key turns off or leaves '
  'without a limit.';

create or replace function catalog.check_caps_sense(p_caps jsonb)
returns void
language plpgsql
immutable
as $$
declare
  v_pair record;
begin
  for v_pair in
    select s.key as short, l.key as long
    from (values ('per_hour', 1), ('per_day', 2), ('per_week', 3), ('per_month', 4)) as s (key, length)
    join (values ('per_hour', 1), ('per_day', 2), ('per_week', 3), ('per_month', 4)) as l (key, length)
      on s.length < l.length
    union all
    select 'budget_per_day', 'budget_per_month'
  loop
    if (p_caps ->> v_pair.long)::numeric < (p_caps ->> v_pair.short)::numeric then
      perform kernel.refuse_value('config.caps.' || v_pair.long, p_caps ->> v_pair.long,
        format('at least %s, which is %s', v_pair.short, p_caps ->> v_pair.short));
    end if;
  end loop;
end;
$$;
comment on function catalog.check_caps_sense(jsonb) is
  'Raises LG423 when the cap of a longer window is below that of a shorter one.';

create or replace function catalog.check_pricing_sense(p_rules jsonb)
returns void
language plpgsql
immutable
as $$
declare
  v_blank record;
begin
  select s.key || '[' || s.place || '].name' as path, s.name into v_blank
  from (
    select k.key, e.ordinality - 1 as place, e.value ->> 'name' as name
    from unnest('{time_of_day,adjustments}'::text[]) k (key), jsonb_array_elements(p_rules -> k.key) with ordinality e
  ) s
  where s.name !~ E'\\S'
  limit 1;
  if found then
    perform kernel.refuse_value('rules.' || v_blank.path, to_json(v_blank.name)::text, 'a name that can be read');
  end if;
end;
$$;
comment on function catalog.check_pricing_sense(jsonb) is 'Raises LG423 when a step of the price has a blank name.';
