create or replace function leadgen.check_map_path(p_rule jsonb, p_path text, p_is_plain boolean default false)
returns void
language plpgsql
immutable
as $$
declare
  v_path constant text := p_rule #>> '{}';
  c_variable constant text := '^([^"]|"([^"\\]|\\.)*")*\$["A-Za-z_]'; -- outside of texts
begin
  if jsonb_typeof(p_rule) is distinct from 'string' or v_path !~ '^\$($|[.\[ ])' or v_path ~ c_variable then
    perform leadgen.refuse_value(p_path, coalesce(p_rule::text, 'nothing'), 'a JSON path that begins with $, such as $.contact.email');
  elsif p_is_plain and leadgen.read_plain_path(v_path) is null then
    perform leadgen.refuse_value(p_path, v_path, 'a path of names and positions alone, such as $.google_key');
  end if;
  perform v_path::jsonpath;
exception
  when others then
    if sqlstate like 'LG%' then
      raise;
    end if;
    perform leadgen.refuse_value(p_path, v_path, 'a valid JSON path (' || sqlerrm || ')');
end;
$$;
comment on function leadgen.check_map_path(jsonb, text, boolean) is
  'Raises LG423 for what is no JSON path, or, where it must be, none of member names and positions alone.';
