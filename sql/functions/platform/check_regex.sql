create or replace function leadgen.check_regex(p_pattern text, p_path text)
returns void
language plpgsql
immutable
as $$
begin
  perform '' ~ p_pattern;
exception
  when invalid_regular_expression then
    perform leadgen.refuse_value(p_path, p_pattern, 'a valid regular expression (' || sqlerrm || ')');
end;
$$;
comment on function leadgen.check_regex(text, text) is 'Raises LG423 when a pattern does not compile.';
