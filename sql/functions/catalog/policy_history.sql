-- The versions of a policy: what changed, and the way back.

create or replace function catalog.policy_history(p_kind text, p_id bigint)
returns table (version integer, changed_at timestamptz, changed_by text, changes text)
language plpgsql
stable
as $$
begin
  perform catalog.check_policy_kind(p_kind);
  return query
    select v.version, v.changed_at, v.changed_by,
      case when v.previous = v.body then 'compiled anew' else catalog.describe_changes(v.previous, v.body) end
    from (
      select p.*, lag(p.body) over (order by p.version) as previous
      from leadgen.policy_versions p
      where p.kind = p_kind and p.policy_id = p_id
    ) v
    order by v.version desc;
end;
$$;
comment on function catalog.policy_history(text, bigint) is 'The work of leadgen.policy_history.';

create or replace function catalog.roll_back_policy(p_kind text, p_id bigint, p_version integer)
returns integer
language plpgsql
volatile
as $$
declare
  c_table constant text := p_kind || '_policies';
  c_column constant text := case p_kind when 'routing' then 'config' else 'rules' end;
  v_old jsonb;
  v_current jsonb;
  v_version integer;
begin
  perform catalog.check_policy_kind(p_kind);
  execute format('select %I from leadgen.%I where id = $1 for update', c_column, c_table) into v_current using p_id;
  select p.body into v_old from leadgen.policy_versions p
  where p.kind = p_kind and p.policy_id = p_id and p.version = p_version;
  if v_current is null or v_old is null then
    perform kernel.refuse('LG404', 'The policy or its version does not exist', 'version',
      format('%s policy %s, version %s', p_kind, p_id, p_version), 'a version that leadgen.policy_history lists');
  elsif v_old = v_current then
    perform kernel.refuse('LG409', 'The policy already has the body of that version', 'version', p_version::text,
      'a version that differs from the current one');
  end if;
  execute format('update leadgen.%I set %I = $1 where id = $2 returning version', c_table, c_column)
  into v_version using v_old, p_id;
  return v_version;
end;
$$;
comment on function catalog.roll_back_policy(text, bigint, integer) is 'The work of leadgen.roll_back_policy.';

create or replace function catalog.diff_json(p_before jsonb, p_after jsonb, p_path text default '')
returns table (path text, before jsonb, after jsonb)
language plpgsql
immutable
as $$
-- What is not there is an empty object or list beside a full one, so that each path that came or went has its own row.
declare
  v_kind constant text := coalesce(jsonb_typeof(p_after), jsonb_typeof(p_before));
  v_empty constant jsonb := case v_kind when 'object' then '{}' when 'array' then '[]' end;
  v_before constant jsonb := coalesce(p_before, v_empty);
  v_after constant jsonb := coalesce(p_after, v_empty);
  v_key text;
  v_has_found boolean := false;
begin
  if p_before = p_after then
    return;
  elsif v_before <> v_after and jsonb_typeof(v_before) = 'object' and jsonb_typeof(v_after) = 'object' then
    for v_key in select k from jsonb_object_keys(v_before || v_after) k order by k loop
      return query select * from catalog.diff_json(v_before -> v_key, v_after -> v_key,
        concat_ws('.', nullif(p_path, ''), v_key));
    end loop;
    return;
  elsif v_before <> v_after and jsonb_typeof(v_before) = 'array' and jsonb_typeof(v_after) = 'array' then
    return query
      select p_path || '[]', case when e.number < 0 then e.value end, case when e.number > 0 then e.value end
      from (
        select o.value, count(*) filter (where o.is_after) - count(*) filter (where not o.is_after) as number,
          min(o.ordinality) as place
        from (
          select b.value, false as is_after, b.ordinality from jsonb_array_elements(v_before) with ordinality b
          union all
          select a.value, true, a.ordinality from jsonb_array_elements(v_after) with ordinality a
        ) o
        group by o.value
      ) e
      cross join lateral generate_series(1, abs(e.number))
      where e.number <> 0
      order by e.number, e.place;
    v_has_found := found;
  end if;
  if not v_has_found then
    return query select p_path, p_before, p_after;
  end if;
end;
$$;
comment on function catalog.diff_json(jsonb, jsonb, text) is
  'What differs between two JSON values, a row a path; null: not there. An entry of a list that came or went has the '
  'path of the list with []; where only the order changed, the whole lists are shown.';

create or replace function catalog.describe_change(p_path text, p_before jsonb, p_after jsonb)
returns text
language plpgsql
immutable
as $$
declare
  v_path constant text := regexp_replace(p_path, E'\\[\\]$', '');
  v_before constant text := catalog.describe_value(p_before);
  v_after constant text := catalog.describe_value(p_after);
begin
  return v_path || ': ' || case
    when v_path <> p_path and p_before is null then '+ ' || v_after
    when v_path <> p_path then '- ' || v_before
    when p_before is null then 'set to ' || v_after
    when p_after is null then format('removed (was %s)', v_before)
    else v_before || ' -> ' || v_after
  end;
end;
$$;
comment on function catalog.describe_change(text, jsonb, jsonb) is 'A row of diff_json as a line for people.';

create or replace function catalog.describe_value(p_value jsonb)
returns text
language plpgsql
immutable strict
as $$
begin
  return case
    when jsonb_typeof(p_value) = 'string'
      and p_value #>> '{}' ~ '^[[:alnum:]]([^[:cntrl:]]*[^[:cntrl:][:space:]])?$' then p_value #>> '{}'
    else p_value::text
  end;
end;
$$;
comment on function catalog.describe_value(jsonb) is
  'A JSON value as people write it: plain text without quotes, all else as JSON.';

create or replace function catalog.publish_policy(p_kind text, p_id bigint, p_body jsonb, p_version integer)
returns integer
language plpgsql
volatile
as $$
-- Two who edit one policy: the row is locked, so the second sees the first one's version, and is told.
declare
  c_table constant text := p_kind || '_policies';
  c_column constant text := case p_kind when 'routing' then 'config' else 'rules' end;
  v_version integer;
begin
  perform catalog.check_live_version(p_kind, p_id, p_version);
  if catalog.find_policy_body(p_kind, p_id, p_version) = p_body then
    perform kernel.refuse('LG409', 'The live version has this body already', 'body', 'no change',
      'a body that differs');
  end if;
  execute format('update leadgen.%I set %I = $1 where id = $2 returning version', c_table, c_column)
  into v_version using p_body, p_id;
  return v_version;
end;
$$;
comment on function catalog.publish_policy(text, bigint, jsonb, integer) is
  'Gives a policy a body, if the version that was edited is still live; returns the new version. LG409 if it is not, '
  'or if nothing differs, LG423 for a body that is refused, LG404 for no such policy.';
