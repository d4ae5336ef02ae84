create or replace function leadgen.check_patterns(p_body jsonb, p_path text)
returns void
language plpgsql
immutable
as $$
-- A pattern may take 100 ms (leadgen.check_regex), and all of them are tried on one lead under its offer's lock.
declare
  c_limit constant integer := 30;
  v_count constant bigint := (select count(*) from jsonb_path_query(p_body, 'strict $.**.pattern ? (@.type() == "string")'));
begin
  if v_count > c_limit then
    perform leadgen.refuse_value(p_path, v_count || ' patterns', format('at most %s', c_limit));
  end if;
end;
$$;
comment on function leadgen.check_patterns(jsonb, text) is
  'Raises LG423 when a policy''s body or the conditions of an enrollment have more than 30 patterns.';
