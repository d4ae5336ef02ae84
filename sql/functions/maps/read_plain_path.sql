create or replace function leadgen.read_plain_path(p_path text)
returns text[]
language plpgsql
immutable strict parallel safe
as $$
begin
  if p_path !~ '^\$(\.[A-Za-z_][A-Za-z0-9_]*|\."[^"\\]+"|\[[0-9]+\])+$' then
    return null;
  end if;
  return array(
    select coalesce(step[1], step[2], step[3])
    from regexp_matches(p_path, '\.([A-Za-z_][A-Za-z0-9_]*)|\."([^"\\]+)"|\[([0-9]+)\]', 'g') step
  );
end;
$$;
comment on function leadgen.read_plain_path(text) is
  'A JSON path of member names and positions alone ($.lead."first name", $.rows[0]) as the steps of #>; null for any other.';
