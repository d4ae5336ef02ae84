create or replace function leadgen.check_webhook_headers(p_headers jsonb, p_path text)
returns void
language plpgsql
immutable
as $$
-- Values are secrets as a rule: an error repeats none, for the server logs it.
declare
  v_header record;
begin
  if jsonb_typeof(p_headers) is distinct from 'object' then
    perform leadgen.refuse_value(p_path, coalesce(jsonb_typeof(p_headers), 'nothing'), 'an object: {"X-Api-Key": "..."}');
  elsif (select count(*) from jsonb_object_keys(p_headers)) > 20 then
    perform leadgen.refuse_value(p_path, (select count(*) from jsonb_object_keys(p_headers)) || ' headers', 'at most 20');
  end if;
  for v_header in
    select h.key, h.value, p_path || '.' || h.key as path, row_number() over (partition by lower(h.key) order by h.key) as time
    from jsonb_each(p_headers) h
  loop
    if v_header.key !~* '^(authorization|x-[a-z0-9-]{1,60})$' then
      perform leadgen.refuse_value(p_path, v_header.key, 'Authorization, or X- and 1 to 60 letters, digits and hyphens');
    elsif v_header.time > 1 then
      perform leadgen.refuse_value(v_header.path, 'the same name twice', 'names that differ in more than case');
    elsif jsonb_typeof(v_header.value) <> 'string' then
      perform leadgen.refuse_value(v_header.path, jsonb_typeof(v_header.value), 'text');
    elsif v_header.value #>> '{}' !~ '^[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?$' or length(v_header.value #>> '{}') > 1000 then
      perform leadgen.refuse_value(v_header.path, 'text that no header can carry',
        '1 to 1000 printable ASCII characters, none of them a space at either end');
    end if;
  end loop;
end;
$$;
comment on function leadgen.check_webhook_headers(jsonb, text) is
  'Raises LG423 unless the headers a buyer asks for are Authorization or X-..., each with a value that one line can carry.';
