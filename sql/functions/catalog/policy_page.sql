-- docs/policy-keys.md, from the registry.

create or replace function catalog.describe_policy_keys()
returns text
language plpgsql
stable
as $$
-- The head is text, and so are the vocabularies; all between them is the registry. A rule whose language is not
-- everywhere tells no code, so that the page is the same on every server.
declare
  c_head constant text := $md$# Policy keys

Made by `leadgen docs` from the registry, `leadgen.policy_keys`; a change belongs in `sql/seeds/policy_keys.sql`.

Every key is optional. A body with an unknown key, a value that is not as described, or keys that contradict each other
is refused when the row is written, with the path, what was found, what is allowed and, for a misspelt word, the one
that was probably meant; the last good version rules on.
$md$;
begin
  return c_head || (
    select string_agg(k.section, '' order by k.place)
    from (
      select s.place, s.head || string_agg(
        format(E'\n### `%s`\n\n%s\n', p.key, p.description)
        || case
          when p.value_schema = '{}' then ''
          else format(E'\nValue: %s.\n', catalog.describe_schema(p.value_schema))
        end
        || coalesce(E'\nFails with `' || array_to_string(nullif(c.codes, '{}'), '`, `') || E'`.\n', '')
        || coalesce(E'\nNeeds `' || p.required_language || E'` on the server.\n', ''),
        '' order by p.position) as section
      from (values
        (1, 'validation', E'\n## Validation (`validation_policies.rules`)\n\n'
          'All rules run, in this order; a lead gets every failure.\n'),
        (2, 'routing', E'\n## Routing (`routing_policies.config`)\n'),
        (3, 'pricing', E'\n## Pricing (`pricing_policies.rules`)\n\n'
          'Steps are taken in this order and rounded once, at the end.\n'),
        (4, 'payout', E'\n## Payout (`payout_policies.rules`)\n\n'
          'What the source of a lead is paid; `sources.payout_policy_id` names the policy.\n')
      ) as s (place, kind, head)
      join leadgen.policy_keys p using (kind)
      cross join lateral (
        select case when p.required_language is null then catalog.find_failure_codes(p.rule_function) end as codes
      ) c
      group by s.place, s.head
    ) k
  ) || catalog.describe_vocabularies();
end;
$$;
comment on function catalog.describe_policy_keys() is
  'The reference page of all policy keys, docs/policy-keys.md, from the registry.';

create or replace function catalog.describe_vocabularies()
returns text
language sql
immutable parallel safe
as $$
  select $md$
## Vocabularies

### Hours

`{"mon": [["08:00", "18:00"]], "sat": [["22:00", "02:00"]]}`: for each day (`mon` to `sun`) a list of pairs of times, by
the wall clock. A pair whose end is before its start passes midnight into the next day; `"24:00"` may be an end. A day
that is left out is closed; ranges may overlap; hours that are never open are refused.

### Conditions

`{"attributes.roof_age": {"minimum": 10}, "attributes.job_type": {"not": {"enum": ["repair"]}}}`: for each field (a core
field, or `attributes.x`) an object with one or more of `enum` (a list of values), `minimum`, `maximum`, `pattern` (a
regular expression) and `not` (an object of the same words, once). All must hold. A field that is missing holds only
under `not`.

### Areas

A circle, `{"center": [longitude, latitude], "radius_miles": 25}` of at most 500 miles, or a GeoJSON polygon,
`{"type": "Polygon", "coordinates": [[[longitude, latitude], ...], ...]}`, or a `MultiPolygon`. Each ring is closed and
has at least 4 positions; rings after the first are holes.

### Regular expressions

PostgreSQL's, at most 500 characters. Refused are back-references, look-arounds inside of look-arounds, many assertions,
repetition counts that make the pattern huge, and a pattern that needs more than 100 ms for a few texts of 2,000
characters.
$md$;
$$;
comment on function catalog.describe_vocabularies() is
  'What hours, conditions, areas and regular expressions are: the end of the reference page of all policy keys.';

create or replace function catalog.describe_schema(p_schema jsonb, p_indent text default '')
returns text
language plpgsql
immutable
as $$
declare
  v_type constant text := p_schema #>> '{type}';
  v_more constant text := p_indent || '  ';
  v_text text;
begin
  if p_schema ? 'enum' then
    return 'one of ' || (select string_agg('`' || e || '`', ', ') from jsonb_array_elements_text(p_schema -> 'enum') e);
  end if;
  v_text := case p_schema ->> 'format'
    when 'regex' then 'a regular expression of at most 500 characters'
    when 'field' then 'a core field, or `attributes.x`'
    when 'time' then 'a time of day, `HH:MM`'
    when 'hours' then '[hours](#hours)'
    when 'area' then 'an [area](#areas)'
    when 'tests' then '[conditions](#conditions)'
  end;
  if v_text is not null then
    return v_text;
  elsif v_type = 'boolean' then
    return '`true` or `false`';
  elsif v_type in ('integer', 'number') then
    return case v_type when 'integer' then 'a whole number' else 'a number' end || case
      when p_schema ?& '{minimum,maximum}' then format(' from %s to %s', p_schema ->> 'minimum', p_schema ->> 'maximum')
      when p_schema ? 'minimum' then format(', at least %s', p_schema ->> 'minimum')
      when p_schema ? 'maximum' then format(', at most %s', p_schema ->> 'maximum')
      else '' end;
  elsif p_schema ? 'description' then
    return p_schema ->> 'description';
  elsif v_type = 'array' then
    return concat_ws(', ', 'a list',
      'at least ' || (p_schema ->> 'minItems') || ' long', 'at most ' || (p_schema ->> 'maxItems') || ' long',
      case when (p_schema ->> 'uniqueItems')::boolean then 'without repetition' end)
      || case when p_schema ? 'items' then '; each entry is ' || catalog.describe_schema(p_schema -> 'items', p_indent)
        else '' end;
  elsif p_schema ? 'properties' then
    return 'an object' || coalesce(' with exactly one of '
      || (select string_agg('`' || k || '`', ', ') from jsonb_array_elements_text(p_schema -> 'exactlyOne') k), '')
      || E':\n' || (
      select string_agg(format('%s- `%s`%s: %s', p_indent, e.key,
        case when p_schema -> 'required' ? e.key then ' (required)' else '' end,
        catalog.describe_schema(e.value, v_more)), E'\n'
        order by p_schema -> 'required' ? e.key desc nulls last, e.key)
      from jsonb_each(p_schema -> 'properties') e);
  elsif jsonb_typeof(p_schema -> 'additionalProperties') = 'object' then
    return format('an object; for each key (%s) ', catalog.describe_schema(coalesce(p_schema -> 'propertyNames', '{}')))
      || catalog.describe_schema(p_schema -> 'additionalProperties', p_indent);
  elsif v_type = 'string' or p_schema ? 'pattern' then
    return 'text' || coalesce(' like `' || (p_schema ->> 'pattern') || '`', '');
  end if;
  return coalesce(v_type, 'any value');
end;
$$;
comment on function catalog.describe_schema(jsonb, text) is
  'A schema of the registry in words, as Markdown; the keys of an object are a list below, indented.';

create or replace function catalog.find_failure_codes(p_rule_function text)
returns text[]
language plpgsql
stable strict
as $$
-- A rule makes a failure by rules.fail('code', ...) or by ('code', ...)::kernel.failure.
begin
  return array(
    select distinct coalesce(c.code[1], c.code[2]) collate "C"
    from pg_catalog.pg_proc p
    cross join regexp_matches(p.prosrc,
      $r$\mfail\(\s*'([a-z_]+)'|\(\s*'([a-z_]+)',[^()]*\)::kernel\.failure$r$, 'g') as c (code)
    where p.pronamespace = 'rules'::regnamespace and p.proname = p_rule_function
    order by 1
  );
end;
$$;
comment on function catalog.find_failure_codes(text) is 'The codes with which a rule fails, as its source has them.';
