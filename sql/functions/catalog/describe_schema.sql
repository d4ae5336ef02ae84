create or replace function leadgen.describe_schema(p_schema jsonb, p_indent text default '')
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
      || case when p_schema ? 'items' then '; each entry is ' || leadgen.describe_schema(p_schema -> 'items', p_indent) else '' end;
  elsif p_schema ? 'properties' then
    return 'an object' || coalesce(' with exactly one of '
      || (select string_agg('`' || k || '`', ', ') from jsonb_array_elements_text(p_schema -> 'exactlyOne') k), '') || E':\n' || (
      select string_agg(format('%s- `%s`%s: %s', p_indent, e.key,
        case when p_schema -> 'required' ? e.key then ' (required)' else '' end, leadgen.describe_schema(e.value, v_more)), E'\n'
        order by p_schema -> 'required' ? e.key desc nulls last, e.key)
      from jsonb_each(p_schema -> 'properties') e);
  elsif jsonb_typeof(p_schema -> 'additionalProperties') = 'object' then
    return format('an object; for each key (%s) ', leadgen.describe_schema(coalesce(p_schema -> 'propertyNames', '{}')))
      || leadgen.describe_schema(p_schema -> 'additionalProperties', p_indent);
  elsif v_type = 'string' or p_schema ? 'pattern' then
    return 'text' || coalesce(' like `' || (p_schema ->> 'pattern') || '`', '');
  end if;
  return coalesce(v_type, 'any value');
end;
$$;
comment on function leadgen.describe_schema(jsonb, text) is
  'A schema of the registry in words, as Markdown; the keys of an object are a list below, indented.';
