-- A network's document read by a field map.

create or replace function intake.apply_field_map(p_map jsonb, p_lead jsonb)
returns jsonb
language plpgsql
immutable
as $$
-- Nothing is dropped: what no path reads becomes an attribute. Paths that begin with $.answers read the list of named
-- answers; a member of that name in the lead itself is a leftover like any other. An id that makes no key goes on as it
-- is, for submit_lead to refuse.
declare
  v_answers constant jsonb := case when p_map ? 'answers' then intake.gather_answers(p_map, p_lead) end;
  v_document constant jsonb := case
    when v_answers is null then p_lead
    else p_lead || jsonb_build_object('answers', v_answers)
  end;
  v_payload jsonb := '{}';
  v_attributes jsonb := '{}';
  v_paths text[];
  v_key constant jsonb := coalesce(to_jsonb(intake.read_map_key(p_map, p_lead)),
    intake.read_map_value(p_lead, p_map -> 'idempotency_key' -> 'path'));
  v_field text;
  v_rule jsonb;
  v_value jsonb;
begin
  for v_field, v_rule in select e.key, e.value from jsonb_each(p_map -> 'fields') e loop
    v_paths := v_paths || intake.list_read_paths(v_document, v_rule);
    v_value := intake.read_map_value(v_document, v_rule);
    if v_value is null then
      continue;
    elsif starts_with(v_field, 'attributes.') then
      v_attributes := v_attributes || jsonb_build_object(substr(v_field, 12), v_value);
    elsif v_field not in ('consent', 'gdpr_consent') then
      v_payload := v_payload || jsonb_build_object(v_field, intake.show_map_value(v_value));
    elsif kernel.read_flag(v_value) is null then
      v_attributes := v_attributes || jsonb_build_object(v_field, v_value);
    else
      v_payload := v_payload || jsonb_build_object(v_field, kernel.read_flag(v_value));
    end if;
  end loop;

  if v_answers is not null then
    v_attributes := intake.gather_leftovers(v_answers,
      array(select '$' || substr(path, 10) from unnest(v_paths) path where path ~ E'^\\$\\.answers[.[]'), v_attributes);
    v_paths := array(select path from unnest(v_paths) path where path !~ E'^\\$\\.answers[.[]')
      || array(
        select regexp_replace(r ->> 'items', E'\\[\\*\\]$', '') from intake.list_answer_rules(p_map) r);
  end if;
  v_attributes := intake.gather_leftovers(p_lead,
    v_paths || (p_map ->> 'key')
      || intake.list_map_paths(p_map -> 'is_test') || intake.list_map_paths(p_map -> 'ignore')
      || intake.list_map_paths(p_map -> 'idempotency_key' -> 'path'), v_attributes);

  if v_key is not null then
    v_payload := v_payload || jsonb_build_object('idempotency_key', v_key);
  end if;
  return v_payload || jsonb_build_object('attributes', v_attributes);
end;
$$;
comment on function intake.apply_field_map(jsonb, jsonb) is
  'A lead in somebody else''s shape as a payload of submit_lead, by the body of a field map; what the map does not '
  'name goes into attributes.';

create or replace function intake.list_answer_rules(p_map jsonb)
returns setof jsonb
language plpgsql
immutable
rows 2
as $$
begin
  if jsonb_typeof(p_map -> 'answers') = 'array' then
    return query select r from jsonb_array_elements(p_map -> 'answers') r;
  elsif p_map ? 'answers' then
    return next p_map -> 'answers';
  end if;
end;
$$;
comment on function intake.list_answer_rules(jsonb) is
  'Where a map''s lists of named answers are: its answers, one rule or several.';

create or replace function intake.gather_answers(p_map jsonb, p_lead jsonb)
returns jsonb
language plpgsql
immutable
as $$
-- Loops and not a join: the planner takes each path for a thousand rows, and compiles what it thinks so large.
declare
  v_rule jsonb;
  v_lists jsonb := '{}';
  v_item jsonb;
  v_name text;
  v_entry jsonb;
begin
  for v_rule in select r from intake.list_answer_rules(p_map) r loop
    for v_item in select jsonb_path_query(p_lead, (v_rule ->> 'items')::jsonpath, silent => true) loop
      v_name := coalesce(v_rule ->> 'prefix', '')
        || coalesce(intake.show_map_value(intake.read_map_value(v_item, v_rule -> 'name')), 'unnamed');
      for v_entry in select jsonb_path_query(v_item, (v_rule ->> 'value')::jsonpath, silent => true) loop
        if not intake.is_blank(v_entry) then
          v_lists := v_lists || jsonb_build_object(v_name,
            coalesce(v_lists -> v_name, '[]') || jsonb_build_array(v_entry));
        end if;
      end loop;
    end loop;
  end loop;
  return coalesce((
    select jsonb_object_agg(e.key, case jsonb_array_length(e.value) when 1 then e.value -> 0 else e.value end)
    from jsonb_each(v_lists) e
  ), '{}');
end;
$$;
comment on function intake.gather_answers(jsonb, jsonb) is
  'A list of named answers ([{"column_id": "EMAIL", "string_value": "a@b.c"}, …]) as an object {"EMAIL": "a@b.c"}; '
  'several values of a name as a list.';

create or replace function intake.gather_leftovers(p_document jsonb, p_paths text[], p_attributes jsonb)
returns jsonb
language plpgsql
immutable
as $$
-- Only what a plain path reads is taken out: of a filter or a wildcard nobody knows what it left behind.
declare
  v_rest jsonb := p_document;
  v_attributes jsonb := p_attributes;
  v_path text;
  v_name text;
  v_value jsonb;
begin
  foreach v_path in array p_paths loop
    if intake.read_plain_path(v_path) is not null then
      v_rest := v_rest #- intake.read_plain_path(v_path);
    end if;
  end loop;
  for v_name, v_value in select e.key, e.value from jsonb_each(v_rest) e order by e.key loop
    if not intake.is_blank(v_value) then
      v_attributes := v_attributes || jsonb_build_object(intake.name_attribute(v_name, v_attributes), v_value);
    end if;
  end loop;
  return v_attributes;
end;
$$;
comment on function intake.gather_leftovers(jsonb, text[], jsonb) is
  'Attributes, and behind them every member of a document that none of the paths reads.';

create or replace function intake.name_attribute(p_name text, p_attributes jsonb)
returns text
language plpgsql
immutable
as $$
declare
  v_slug constant text := replace(catalog.slugify(p_name), '-', '_');
  -- A name in another script has no ASCII; it keeps its own letters.
  v_whole constant text :=
    case when v_slug = 'x' then regexp_replace(btrim(p_name), E'\\s+', '_', 'g') else v_slug end;
  -- Two long questions may begin alike, and one of them may be left out of a lead: each has a name of its own.
  v_base constant text := case
    when length(v_whole) <= 60 then v_whole
    else left(v_whole, 51) || '_' || left(encode(sha256(convert_to(p_name, 'UTF8')), 'hex'), 8)
  end;
  v_name text := v_base;
  v_number integer := 1;
begin
  while p_attributes ? v_name loop
    v_number := v_number + 1;
    v_name := v_base || '_' || v_number;
  end loop;
  return v_name;
end;
$$;
comment on function intake.name_attribute(text, jsonb) is
  'The name of an attribute for something that no map names: "What kind of roof?" is what_kind_of_roof, or '
  'what_kind_of_roof_2 where that is taken. Of more than 60 characters the first 51 and eight digits of its hash.';

create or replace function intake.read_map_key(p_map jsonb, p_lead jsonb)
returns text
language plpgsql
immutable
as $$
declare
  v_id constant jsonb := intake.read_map_value(p_lead, p_map -> 'idempotency_key' -> 'path');
  v_key constant text := coalesce(p_map -> 'idempotency_key' ->> 'prefix', '') || btrim(v_id #>> '{}');
begin
  if jsonb_typeof(v_id) not in ('string', 'number') then
    return null;
  end if;
  if length(v_key) > 128 or v_key ~ '[[:cntrl:]]' or starts_with(v_key, 'auto:') then
    return 'sha256:' || encode(sha256(convert_to(v_key, 'UTF8')), 'hex');
  end if;
  return v_key;
end;
$$;
comment on function intake.read_map_key(jsonb, jsonb) is
  'The idempotency key of a lead, from the id that its network gave it; null: it gave none, or one that is neither '
  'text nor number. An id that is no acceptable key is hashed.';

create or replace function intake.wrap_lead(p_lead jsonb)
returns jsonb
language plpgsql
immutable
as $$
begin
  return case when jsonb_typeof(p_lead) = 'object' then p_lead else jsonb_build_object('value', p_lead) end;
end;
$$;
comment on function intake.wrap_lead(jsonb) is 'A lead of a post as an object; one that is none as its member value.';

create or replace function intake.find_fetch_id(p_map jsonb, p_lead jsonb)
returns text
language plpgsql
immutable
as $$
declare
  v_id text;
begin
  if not p_map ? 'fetch' or jsonb_typeof(p_lead) <> 'object' or intake.gather_answers(p_map, p_lead) <> '{}' then
    return null;
  end if;
  v_id := intake.show_map_value(intake.read_map_value(p_lead, p_map -> 'fetch'));
  return case when v_id ~ '^[A-Za-z0-9_-]{1,64}$' then v_id end;
end;
$$;
comment on function intake.find_fetch_id(jsonb, jsonb) is
  'The id by which a lead''s answers are asked of its network; null: they are in the post, or nothing in it can be '
  'asked for.';

create or replace function intake.is_test_lead(p_map jsonb, p_lead jsonb)
returns boolean
language plpgsql
immutable
as $$
declare
  v_path text;
  v_found jsonb;
begin
  foreach v_path in array intake.list_map_paths(p_map -> 'is_test') loop
    for v_found in select jsonb_path_query(p_lead, v_path::jsonpath, silent => true) loop
      if exists (
        select from jsonb_path_query(v_found, '$[*]') mark
        where not intake.is_blank(mark) and kernel.read_flag(mark) is not false) then
        return true;
      end if;
    end loop;
  end loop;
  return false;
end;
$$;
comment on function intake.is_test_lead(jsonb, jsonb) is
  'Whether one of the map''s is_test paths finds something that neither is blank nor says no (false, "false", 0, …): '
  'a test is rehearsed and never sold.';
