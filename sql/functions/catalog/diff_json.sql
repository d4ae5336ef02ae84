create or replace function leadgen.diff_json(p_before jsonb, p_after jsonb, p_path text default '')
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
      return query select * from leadgen.diff_json(v_before -> v_key, v_after -> v_key, concat_ws('.', nullif(p_path, ''), v_key));
    end loop;
    return;
  elsif v_before <> v_after and jsonb_typeof(v_before) = 'array' and jsonb_typeof(v_after) = 'array' then
    return query
      select p_path || '[]', case when e.number < 0 then e.value end, case when e.number > 0 then e.value end
      from (
        select o.value, count(*) filter (where o.is_after) - count(*) filter (where not o.is_after) as number, min(o.ordinality) as place
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
comment on function leadgen.diff_json(jsonb, jsonb, text) is
  'What differs between two JSON values, a row a path; null: not there. An entry of a list that came or went has the path of the list with []; where only the order changed, the whole lists are shown.';
