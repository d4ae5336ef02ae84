create or replace function leadgen.check_map_rule(p_field text, p_rule jsonb, p_path text)
returns void
language plpgsql
immutable
as $$
-- The rule of one field: a path, a list of alternatives, {"join": [rules], "with": text} or {"constant": value}.
declare
  v_parts constant jsonb := case jsonb_typeof(p_rule) when 'array' then p_rule when 'object' then p_rule -> 'join' end;
  v_wanted text;
begin
  if jsonb_typeof(p_rule) = 'object' and p_rule ? 'constant' then
    v_wanted := case when p_field in ('consent', 'gdpr_consent') then 'boolean' when p_field not like 'attributes.%' then 'string' end;
    if p_rule - 'constant' <> '{}' then
      perform leadgen.refuse_value(p_path, p_rule::text, 'constant alone');
    elsif jsonb_typeof(p_rule -> 'constant') <> v_wanted then
      perform leadgen.refuse_value(p_path || '.constant', p_rule ->> 'constant', 'a value of type ' || v_wanted);
    end if;
  elsif jsonb_typeof(p_rule) in ('object', 'array') then
    if jsonb_typeof(v_parts) is distinct from 'array' or v_parts = '[]'
      or jsonb_typeof(p_rule) = 'object' and (p_rule - '{join,with}'::text[] <> '{}' or jsonb_typeof(p_rule -> 'with') <> 'string') then
      perform leadgen.refuse_value(p_path, p_rule::text,
        'a path, a list of alternatives, {"join": [paths], "with": text} or {"constant": value}');
    end if;
    for v_index in 0 .. jsonb_array_length(v_parts) - 1 loop
      perform leadgen.check_map_rule(p_field, v_parts -> v_index,
        format('%s%s[%s]', p_path, case jsonb_typeof(p_rule) when 'object' then '.join' else '' end, v_index));
    end loop;
  else
    perform leadgen.check_map_path(p_rule, p_path);
  end if;
end;
$$;
comment on function leadgen.check_map_rule(text, jsonb, text) is 'Raises LG423 for the first fault in the rule of one field of a map.';
