-- Policies compiled: what the road of a lead runs instead of reading JSON.

create or replace function catalog.compile_judge_lead()
returns void
language plpgsql
volatile
as $$
-- One expression over all rules, so that a lead pays for no statement and no file names a rule. It is analysed as a
-- whole, so one call shows that every rule can be called, though few are. A rule whose language a server may lack is
-- not looked for.
declare
  v_key leadgen.policy_keys;
begin
  for v_key in
    select k.* from leadgen.policy_keys k
    where k.kind = 'validation' and k.rule_function is not null and k.required_language is null
    order by k.position
  loop
    if to_regprocedure(format('rules.%I(kernel.lead_facts, jsonb, jsonb)', v_key.rule_function)) is null then
      perform kernel.refuse('LG423', format('policy key %s cannot work: there is no function rules.%s', v_key.key,
        v_key.rule_function), 'rule_function', v_key.rule_function,
        'a function of rules: (kernel.lead_facts, jsonb, jsonb) returns kernel.failure[]',
        'Mend the row in sql/seeds/policy_keys.sql and deploy again.');
    end if;
  end loop;
  perform catalog.replace_body('rules.judge_lead(kernel.lead_facts, jsonb, jsonb)', (
    select E'\nbegin\n  return ' || string_agg(
      case
        when k.is_always_on then r.call
        else format($sql$case when p_rules ? %L then %s else '{}' end$sql$, k.key, r.call)
      end,
      E'\n    || ' order by k.position) || E';\nend;\n'
    from leadgen.policy_keys k
    cross join lateral (
      select format(
        case when k.required_language is null then 'rules.%I(' else 'rules.run_optional(%L, ' end
        || 'p_facts, p_compiled_rules -> %L, p_rules)', k.rule_function, k.key) as call
    ) r
    where k.kind = 'validation' and k.rule_function is not null));
  perform rules.judge_lead(null, '{}', '{}');
end;
$$;
comment on function catalog.compile_judge_lead() is
  'Writes the body of rules.judge_lead from leadgen.policy_keys, rules in registry order; run by each deploy. LG423 '
  'with the key whose rule cannot be called.';

create or replace function catalog.compile_rules(p_rules jsonb)
returns jsonb
language plpgsql
stable
as $$
begin
  return (
    select coalesce(jsonb_object_agg(k.key, catalog.compile_value(k.compile_function, p_rules -> k.key)), '{}')
    from leadgen.policy_keys k
    where k.kind = 'validation' and k.rule_function is not null and p_rules ? k.key
  );
end;
$$;
comment on function catalog.compile_rules(jsonb) is
  'The value of each rule of a validation policy as its function is handed it.';

create or replace function catalog.compile_value(p_function text, p_value jsonb)
returns jsonb
language plpgsql
stable
as $$
declare
  v_compiled jsonb;
begin
  if p_function is null or p_value = 'null' then
    return p_value;
  end if;
  execute format('select catalog.%I($1)', p_function) into v_compiled using p_value;
  return v_compiled;
end;
$$;
comment on function catalog.compile_value(text, jsonb) is
  'The value of a key as its rule is handed it: run through the registry''s compile_function, where there is one.';

create or replace function catalog.compile_words(p_value jsonb)
returns jsonb
language plpgsql
immutable strict
as $$
begin
  return (
    select coalesce(jsonb_agg(' ' || w.word || ' ' order by w.n), '[]')
    from (
      select ref.fold_words(x.word) as word, x.n
      from jsonb_array_elements_text(p_value) with ordinality as x (word, n)
    ) w
    where w.word <> ''
  );
end;
$$;
comment on function catalog.compile_words(jsonb) is
  'Words and phrases as a message is compared with them (ref.fold_words), with a blank at either end.';

create or replace function catalog.compile_cities(p_value jsonb)
returns jsonb
language plpgsql
immutable strict
as $$
begin
  return (
    select jsonb_object_agg(e.name, 1)
    from jsonb_array_elements_text(p_value) as x (city)
    cross join lateral (values (x.city), (ref.normalize_city(x.city)), (ref.squeeze_city(x.city))) e (name)
    where e.name is not null
  );
end;
$$;
comment on function catalog.compile_cities(jsonb) is
  'Cities as a lead''s is looked for, as they are written, as they are compared and as they were compared before: '
  '{"St. Louis": 1, "saintlouis": 1, "st.louis": 1}.';

create or replace function catalog.compile_domains(p_value jsonb)
returns jsonb
language sql
immutable strict
as $$
  select jsonb_object_agg(lower(x.domain), 1) from jsonb_array_elements_text(p_value) as x (domain);
$$;
comment on function catalog.compile_domains(jsonb) is 'Mail domains as a lead''s is looked for: {"example.com": 1}.';

create or replace function catalog.compile_postal_codes(p_value jsonb)
returns jsonb
language plpgsql
immutable strict
as $$
-- An object finds a key by halves, where a list is read from its beginning. No code or prefix is "-".
begin
  return (
    select coalesce(jsonb_object_agg(e.entry, 1) filter (where e.parts is null), '{}')
      || jsonb_build_object('-', coalesce(jsonb_agg(to_jsonb(e.parts)) filter (where e.parts is not null), '[]'))
    from (
      select x.entry, regexp_match(x.entry, '^([^-]+)-([^-]+)$') as parts
      from jsonb_array_elements_text(p_value) as x (entry)
    ) e
  );
end;
$$;
comment on function catalog.compile_postal_codes(jsonb) is
  'Postal codes as a lead''s is looked for: {"78701": 1, "787*": 1, "-": [["78701", "78799"]]}, the ranges under "-".';

create or replace function catalog.compile_field_rules(p_value jsonb)
returns jsonb
language plpgsql
immutable strict
as $$
begin
  return (
    select coalesce(jsonb_agg(jsonb_build_array(r.key, r.value) order by r.key), '[]') from jsonb_each(p_value) r
  );
end;
$$;
comment on function catalog.compile_field_rules(jsonb) is 'Rules of fields as a list of [field, rule], by field.';

create or replace function catalog.compile_phone_strict(p_value jsonb)
returns jsonb
language plpgsql
stable strict
as $$
-- sql/plpython is loaded only where the language and the package work; its rule is there or it is not.
begin
  if to_regprocedure('rules.phone_strict(kernel.lead_facts, jsonb, jsonb)') is null then
    perform kernel.refuse_value('rules.phone_strict', p_value::text,
      'nothing on this server: it needs the extension plpython3u and the Python package phonenumbers, '
      'then leadgen migrate');
  end if;
  return p_value;
end;
$$;
comment on function catalog.compile_phone_strict(jsonb) is
  'Raises LG423 where the rule phone_strict is not loaded, because PL/Python or the package phonenumbers is missing.';

create or replace function catalog.read_routing_config(p_config jsonb)
returns kernel.routing_settings
language plpgsql
immutable
as $$
declare
  v_caps constant jsonb := p_config -> 'caps';
  v_reroute constant jsonb := p_config -> 'reroute';
  v_acceptance constant jsonb := p_config -> 'acceptance';
  v_delivery constant jsonb := p_config -> 'delivery';
  v_returns constant jsonb := p_config -> 'returns';
  v_settings kernel.routing_settings;
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
  if v_settings.when_unavailable = 'hold' then
    v_settings.when_unavailable := 'hold_while_passing';
  end if;
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
  if v_settings.reroutes_on_failure then
    v_settings.deliver_within_seconds := nullif(coalesce((v_reroute ->> 'deliver_within_seconds')::numeric, 120), 0);
  end if;
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
  v_settings.returns_give := coalesce(v_returns ->> 'give', 'money');
  if v_returns ? 'line_types' then
    v_settings.return_line_types := array(select jsonb_array_elements_text(v_returns -> 'line_types'));
  end if;
  v_settings.resells_on_unknown := coalesce((v_delivery ->> 'resell_on_unknown')::boolean, false);
  v_settings.disclosed := '{consent_at,consent_text_version,consent_certificate_url,consent_certificate_id}';
  v_settings.follows_calling_rules := coalesce((p_config ->> 'calling_rules')::boolean, false);
  if p_config ? 'disclose' then
    v_settings.disclosed := array(select jsonb_array_elements_text(p_config -> 'disclose'));
  end if;
  return v_settings;
end;
$$;
comment on function catalog.read_routing_config(jsonb) is 'A routing policy''s config with every default filled in.';

create or replace function catalog.compile_pricing(p_rules jsonb)
returns kernel.price_rule[]
language plpgsql
immutable
as $$
declare
  v_rules kernel.price_rule[];
begin
  select array_agg((
    step.name, (step.body ->> 'amount')::numeric, (step.body ->> 'percent')::numeric,
    catalog.compile_hours(step.body -> 'hours'), catalog.compile_tests(step.body -> 'when'))::kernel.price_rule
    order by step.part, step.place)
  into v_rules
  from (
    select 1 as part, 1 as place, 'exclusivity_premium' as name, p_rules -> 'exclusivity_premium' as body
    where p_rules ? 'exclusivity_premium'
    union all
    select 2, t.ordinality, coalesce(t.value ->> 'name', 'time_of_day'), t.value
    from jsonb_array_elements(p_rules -> 'time_of_day') with ordinality as t
    union all
    select 3, a.ordinality, coalesce(a.value ->> 'name', 'adjustment'), a.value
    from jsonb_array_elements(p_rules -> 'adjustments') with ordinality as a
  ) step;
  return coalesce(v_rules, '{}');
end;
$$;
comment on function catalog.compile_pricing(jsonb) is
  'A pricing policy as its steps in order: exclusivity premium, times of day, further adjustments.';

create or replace function catalog.recall_settings(p_policy_id bigint, p_version integer)
returns kernel.routing_settings
language plpgsql
stable
as $$
-- An attribute that is younger than the version has its default.
declare
  v_version leadgen.policy_versions;
begin
  select p.* into v_version
  from leadgen.policy_versions p
  where p.kind = 'routing' and p.policy_id = p_policy_id and p.version = p_version;
  return case
    when v_version.settings is null then catalog.read_routing_config(v_version.body)
    else jsonb_populate_record(catalog.read_routing_config('{}'), v_version.settings)
  end;
end;
$$;
comment on function catalog.recall_settings(bigint, integer) is
  'A version of a routing policy as it was compiled when it was written.';
