create or replace function leadgen.describe_change(p_path text, p_before jsonb, p_after jsonb)
returns text
language plpgsql
immutable
as $$
declare
  v_path constant text := regexp_replace(p_path, '\[\]$', '');
  v_before constant text := leadgen.describe_value(p_before);
  v_after constant text := leadgen.describe_value(p_after);
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
comment on function leadgen.describe_change(text, jsonb, jsonb) is 'A row of diff_json as a line for people.';
