-- One rule of a field map: what it finds in a document, by which paths, and how a value is read.

create or replace function intake.read_map_value(p_document jsonb, p_rule jsonb)
returns jsonb
language plpgsql
immutable
as $$
declare
  v_part jsonb;
  v_value jsonb;
  v_parts text[] := '{}';
begin
  if jsonb_typeof(p_rule) = 'string' then
    for v_value in select jsonb_path_query(p_document, (p_rule #>> '{}')::jsonpath, silent => true) loop
      if not intake.is_blank(v_value) then
        return v_value;
      end if;
    end loop;
    return null;
  elsif jsonb_typeof(p_rule) = 'array' then
    for v_part in select e from jsonb_array_elements(p_rule) e loop
      v_value := intake.read_map_value(p_document, v_part);
      if v_value is not null then
        return v_value;
      end if;
    end loop;
    return null;
  elsif p_rule ? 'constant' then
    return p_rule -> 'constant';
  end if;

  for v_part in select e from jsonb_array_elements(p_rule -> 'join') e loop
    v_value := intake.read_map_value(p_document, v_part);
    if v_value is not null then
      v_parts := v_parts || intake.show_map_value(v_value);
    end if;
  end loop;
  if v_parts = '{}' then
    return null;
  end if;
  return to_jsonb(array_to_string(v_parts, coalesce(p_rule ->> 'with', ' ')));
end;
$$;
comment on function intake.read_map_value(jsonb, jsonb) is
  'What a rule of a field map finds in a document: a path''s first value that is not blank, the first of '
  'alternatives, a constant, or parts joined. Null: nothing.';

create or replace function intake.list_map_paths(p_rule jsonb)
returns text[]
language plpgsql
immutable
as $$
begin
  if jsonb_typeof(p_rule) = 'string' then
    return array[p_rule #>> '{}'];
  elsif jsonb_typeof(p_rule) = 'array' then
    return array(select path from jsonb_array_elements(p_rule) e, unnest(intake.list_map_paths(e)) path);
  elsif p_rule ? 'join' then
    return intake.list_map_paths(p_rule -> 'join');
  end if;
  return '{}';
end;
$$;
comment on function intake.list_map_paths(jsonb) is 'Every JSON path in a rule of a field map.';

create or replace function intake.list_read_paths(p_document jsonb, p_rule jsonb)
returns text[]
language plpgsql
immutable
as $$
declare
  v_part jsonb;
begin
  if intake.read_map_value(p_document, p_rule) is null then
    return '{}';
  elsif jsonb_typeof(p_rule) = 'array' then
    for v_part in select e from jsonb_array_elements(p_rule) e loop
      if intake.read_map_value(p_document, v_part) is not null then
        return intake.list_read_paths(p_document, v_part);
      end if;
    end loop;
  elsif p_rule ? 'join' then
    return coalesce((
      select array_agg(path)
      from jsonb_array_elements(p_rule -> 'join') e, unnest(intake.list_read_paths(p_document, e)) path
    ), '{}');
  end if;
  return intake.list_map_paths(p_rule);
end;
$$;
comment on function intake.list_read_paths(jsonb, jsonb) is
  'The JSON paths from which read_map_value has its value: of alternatives only the one that was taken.';

create or replace function intake.read_plain_path(p_path text)
returns text[]
language plpgsql
immutable strict parallel safe
as $$
begin
  if p_path !~ E'^\\$(\\.[A-Za-z_][A-Za-z0-9_]*|\\."[^"\\\\]+"|\\[[0-9]+\\])+$' then
    return null;
  end if;
  return array(
    select coalesce(step[1], step[2], step[3])
    from regexp_matches(p_path, E'\\.([A-Za-z_][A-Za-z0-9_]*)|\\."([^"\\\\]+)"|\\[([0-9]+)\\]', 'g') step
  );
end;
$$;
comment on function intake.read_plain_path(text) is
  'A JSON path of member names and positions alone ($.lead."first name", $.rows[0]) as the steps of #>; null for any '
  'other.';

create or replace function intake.show_map_value(p_value jsonb)
returns text
language plpgsql
immutable
as $$
begin
  if jsonb_typeof(p_value) = 'array' then
    return (
      select string_agg(intake.show_map_value(e.value), ', ' order by e.ordinality)
      from jsonb_array_elements(p_value) with ordinality e
      where not intake.is_blank(e.value)
    );
  end if;
  return p_value #>> '{}';
end;
$$;
comment on function intake.show_map_value(jsonb) is
  'A value as the text of a field: the entries of a list with commas between.';

create or replace function intake.is_blank(p_value jsonb)
returns boolean
language plpgsql
immutable parallel safe
as $$
begin
  return p_value is null or p_value in ('null', '[]', '{}')
    or (jsonb_typeof(p_value) = 'string' and p_value #>> '{}' ~ E'^\\s*$');
end;
$$;
comment on function intake.is_blank(jsonb) is
  'Whether a value says nothing: none, null, an empty list or object, a text of spaces.';
