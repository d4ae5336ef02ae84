create or replace function leadgen.describe_test(p_test jsonb)
returns text
language plpgsql
immutable strict
as $$
begin
  return (
    select string_agg(
      case word.key
        when 'enum' then 'one of ' || (select string_agg(e, ', ') from jsonb_array_elements_text(word.value) e)
        when 'minimum' then 'at least ' || (word.value #>> '{}')
        when 'maximum' then 'at most ' || (word.value #>> '{}')
        when 'pattern' then 'like ' || (word.value #>> '{}')
        when 'not' then 'not ' || leadgen.describe_test(word.value)
      end, ' and ' order by word.key desc)
    from jsonb_each(p_test) word
  );
end;
$$;
comment on function leadgen.describe_test(jsonb) is 'A condition on a field in words: "at least 10 and at most 30".';
