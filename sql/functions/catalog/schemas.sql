-- Values of the configuration against the schemas of the registry.

create or replace function catalog.check_schema(p_value jsonb, p_schema jsonb, p_path text)
returns void
language plpgsql
volatile
as $$
-- Volatile, because a regular expression among the values is timed.
declare
  v_type constant text := jsonb_typeof(p_value);
  v_types constant text[] := array(select jsonb_array_elements_text(
    case jsonb_typeof(p_schema -> 'type')
      when 'string' then jsonb_build_array(p_schema -> 'type')
      else p_schema -> 'type'
    end));
begin
  if v_types <> '{}' and v_type <> all (v_types)
    and not ('integer' = any (v_types) and v_type = 'number' and p_value #>> '{}' ~ '^-?[0-9]{1,9}$') then
    perform kernel.refuse_value(p_path, v_type || ' ' || p_value::text, array_to_string(v_types, ' or '));
  end if;
  if p_schema ? 'enum' and not kernel.is_one_of(p_value, p_schema -> 'enum') then
    perform kernel.refuse_choice(p_path, p_value::text, p_value #>> '{}',
      array(select jsonb_array_elements_text(p_schema -> 'enum')));
  end if;
  case v_type
    when 'number' then
      perform catalog.check_number(p_value, p_schema, p_path);
    when 'string' then
      perform catalog.check_text(p_value, p_schema, p_path);
    when 'array' then
      perform catalog.check_list(p_value, p_schema, p_path);
    when 'object' then
      perform catalog.check_object(p_value, p_schema, p_path);
    else
      null;
  end case;
  if p_schema ? 'format' then
    perform catalog.check_format(p_value, p_schema ->> 'format', p_path);
  end if;
end;
$$;
comment on function catalog.check_schema(jsonb, jsonb, text) is
  'Raises LG423 with path, found and allowed for the first place where a value breaks its schema. The words are those'
  ' of JSON Schema that policies need, and a few of our own: see check_number, check_text, check_list, check_object '
  'and check_format.';

create or replace function catalog.check_number(p_value jsonb, p_schema jsonb, p_path text)
returns void
language plpgsql
immutable
as $$
begin
  perform catalog.check_plain_number(p_value, p_path);
  if p_schema ? 'minimum' and (p_value #>> '{}')::numeric < (p_schema ->> 'minimum')::numeric then
    perform kernel.refuse_value(p_path, p_value::text, 'at least ' || (p_schema ->> 'minimum'));
  end if;
  if p_schema ? 'maximum' and (p_value #>> '{}')::numeric > (p_schema ->> 'maximum')::numeric then
    perform kernel.refuse_value(p_path, p_value::text, 'at most ' || (p_schema ->> 'maximum'));
  end if;
  if scale(trim_scale((p_value #>> '{}')::numeric)) > (p_schema ->> 'decimals')::integer then
    perform kernel.refuse_value(p_path, p_value::text,
      'a number of at most ' || kernel.count_of((p_schema ->> 'decimals')::numeric, 'decimal'));
  end if;
end;
$$;
comment on function catalog.check_number(jsonb, jsonb, text) is
  'Raises LG423 for a number out of bounds or too fine: minimum, maximum, decimals.';

create or replace function catalog.check_plain_number(p_value jsonb, p_path text)
returns void
language plpgsql
immutable
as $$
-- JSON has numbers that no arithmetic wants: 1e-400 is no double precision, 1e130000 has as many digits. Judged as text
-- first.
begin
  if jsonb_typeof(p_value) = 'number'
    and (length(p_value::text) > 30 or abs(p_value::numeric) >= 1e12 or scale(trim_scale(p_value::numeric)) > 9) then
    perform kernel.refuse_value(p_path, left(p_value::text, 40),
      'a number below 1,000,000,000,000 with at most 9 decimals');
  end if;
end;
$$;
comment on function catalog.check_plain_number(jsonb, text) is
  'Raises LG423 for a number that is too large or too fine to be meant.';

create or replace function catalog.check_text(p_value jsonb, p_schema jsonb, p_path text)
returns void
language plpgsql
immutable
as $$
declare
  v_text constant text := p_value #>> '{}';
begin
  if length(v_text) < (p_schema ->> 'minLength')::integer then
    perform kernel.refuse_value(p_path, p_value::text,
      'text of at least ' || kernel.count_of((p_schema ->> 'minLength')::numeric, 'character'));
  elsif length(v_text) > (p_schema ->> 'maxLength')::integer then
    perform kernel.refuse_value(p_path, p_value::text,
      'text of at most ' || kernel.count_of((p_schema ->> 'maxLength')::numeric, 'character'));
  elsif v_text !~ (p_schema ->> 'pattern') then
    perform kernel.refuse_value(p_path, p_value::text,
      coalesce(p_schema ->> 'description', 'text like ' || (p_schema ->> 'pattern')));
  end if;
end;
$$;
comment on function catalog.check_text(jsonb, jsonb, text) is
  'Raises LG423 for text of the wrong form: minLength, maxLength, pattern.';

create or replace function catalog.check_list(p_value jsonb, p_schema jsonb, p_path text)
returns void
language plpgsql
volatile
as $$
declare
  v_length constant integer := jsonb_array_length(p_value);
  v_repeated record;
begin
  if v_length < (p_schema ->> 'minItems')::integer then
    perform kernel.refuse_value(p_path, case v_length when 0 then 'an empty list' else p_value::text end,
      'at least ' || (p_schema ->> 'minItems')
        || case p_schema ->> 'minItems' when '1' then ' entry' else ' entries' end);
  elsif v_length > (p_schema ->> 'maxItems')::integer then
    perform kernel.refuse_value(p_path, v_length || ' entries', 'at most ' || (p_schema ->> 'maxItems'));
  end if;
  if p_schema ? 'items' then
    for v_index in 0 .. v_length - 1 loop
      perform catalog.check_schema(p_value -> v_index, p_schema -> 'items', format('%s[%s]', p_path, v_index));
    end loop;
  end if;
  if (p_schema ->> 'uniqueItems')::boolean then
    select e.value, count(*) as times into v_repeated
    from jsonb_array_elements(p_value) e
    group by e.value
    having count(*) > 1
    limit 1;
    if found then
      perform kernel.refuse_value(p_path, format('%s %s times', v_repeated.value, v_repeated.times),
        'a list without repetition');
    end if;
  end if;
end;
$$;
comment on function catalog.check_list(jsonb, jsonb, text) is
  'Raises LG423 for a list that is too short or too long, repeats itself or has a wrong entry: minItems, maxItems, '
  'uniqueItems, items.';

create or replace function catalog.check_object(p_value jsonb, p_schema jsonb, p_path text)
returns void
language plpgsql
volatile
as $$
declare
  v_names constant text[] := array(select k from jsonb_object_keys(p_schema -> 'properties') k order by k);
  v_exactly_one constant text[] := array(select jsonb_array_elements_text(p_schema -> 'exactlyOne'));
  v_entry record;
  v_pair jsonb;
  v_key text;
begin
  for v_entry in select e.key, e.value, p_path || '.' || e.key as path from jsonb_each(p_value) e loop
    if p_schema ? 'propertyNames' then
      perform catalog.check_schema(to_jsonb(v_entry.key), p_schema -> 'propertyNames', v_entry.path);
    end if;
    if v_entry.key = any (v_names) then
      perform catalog.check_schema(v_entry.value, p_schema -> 'properties' -> v_entry.key, v_entry.path);
    elsif jsonb_typeof(p_schema -> 'additionalProperties') = 'object' then
      perform catalog.check_schema(v_entry.value, p_schema -> 'additionalProperties', v_entry.path);
    elsif p_schema -> 'additionalProperties' = 'false' then
      perform kernel.refuse_choice(v_entry.path, 'an unknown key', v_entry.key, v_names);
    end if;
  end loop;
  for v_key in select k from jsonb_array_elements_text(p_schema -> 'required') k where not p_value ? k loop
    perform kernel.refuse_value(p_path || '.' || v_key, 'nothing', 'a value: this key is required');
  end loop;
  if (select count(*) from jsonb_object_keys(p_value)) < (p_schema ->> 'minProperties')::integer then
    perform kernel.refuse_value(p_path, p_value::text, format('at least %s of %s', p_schema ->> 'minProperties',
      coalesce(array_to_string(nullif(v_names, '{}'), ', '), 'any key')));
  end if;
  if v_exactly_one <> '{}' and (select count(*) from unnest(v_exactly_one) k where p_value ? k) <> 1 then
    perform kernel.refuse_value(p_path, p_value::text, 'exactly one of ' || array_to_string(v_exactly_one, ', '));
  end if;
  for v_pair in select pair from jsonb_array_elements(p_schema -> 'ordered') pair loop
    if (p_value ->> (v_pair ->> 0))::numeric > (p_value ->> (v_pair ->> 1))::numeric then
      perform kernel.refuse_value(p_path || '.' || (v_pair ->> 0), p_value ->> (v_pair ->> 0),
        format('at most %s, which is %s', v_pair ->> 1, p_value ->> (v_pair ->> 1)));
    end if;
  end loop;
end;
$$;
comment on function catalog.check_object(jsonb, jsonb, text) is
  'Raises LG423 for an object with a wrong key or value: propertyNames, properties, '
  'additionalProperties, required, minProperties; and of our own exactlyOne (keys) and '
  'ordered (pairs of keys of which the first may not exceed the second).';

create or replace function catalog.check_format(p_value jsonb, p_format text, p_path text)
returns void
language plpgsql
volatile
as $$
declare
  v_text constant text := p_value #>> '{}';
begin
  case p_format
    when 'regex' then
      perform catalog.check_regex(v_text, p_path);
    when 'field' then
      perform catalog.check_field(v_text, p_path);
    when 'time' then
      perform catalog.check_time(p_value, p_path);
    when 'hours' then
      perform catalog.check_hours(p_value, p_path);
    when 'area' then
      perform catalog.check_area(p_value, p_path);
    when 'tests' then
      perform catalog.check_tests(p_value, p_path);
    when 'answer_tests' then
      perform catalog.check_tests(p_value, p_path, '{status,text}', 'body');
    when 'range' then
      if v_text ~ '^[^-]+-[^-]+$' and (
        length(split_part(v_text, '-', 1)) <> length(split_part(v_text, '-', 2))
        or split_part(v_text, '-', 1) collate "C" > split_part(v_text, '-', 2)) then
        perform kernel.refuse_value(p_path, p_value::text, 'a range from a lower to a higher value of the same length');
      end if;
  end case;
end;
$$;
comment on function catalog.check_format(jsonb, text, text) is
  'Raises LG423 when a value is not of a format of ours: regex, field, time, hours, area, tests (of a lead), '
  'answer_tests (of the answer to a webhook), range (a-b). A schema with another is a fault.';

create or replace function catalog.check_time(p_value jsonb, p_path text, p_is_end boolean default false)
returns void
language plpgsql
immutable
as $$
begin
  if jsonb_typeof(p_value) is distinct from 'string'
    or (p_value #>> '{}') !~ '^([01][0-9]|2[0-3]):[0-5][0-9]$' and not (p_is_end and p_value = '"24:00"') then
    perform kernel.refuse_value(p_path, coalesce(p_value::text, 'nothing'),
      'a time from "00:00" to "23:59"' || case when p_is_end then ', or "24:00"' else '' end);
  end if;
end;
$$;
comment on function catalog.check_time(jsonb, text, boolean) is
  'Raises LG423 when a value is no time of day, HH:MM; 24:00 only as an end.';
