create or replace function leadgen.compile_test(p_field text, p_test jsonb)
returns text
language plpgsql
immutable strict
as $$
declare
  v_value constant text := case
    when starts_with(p_field, 'attributes.') then '$."attributes".' || to_json(substr(p_field, 12))
    when starts_with(p_field, 'body.') then (
      select '$' || string_agg('.' || to_json(s.step), '' order by s.place)
      from string_to_table(p_field, '.') with ordinality as s (step, place))
    else '$.' || to_json(p_field)
  end;
begin
  return (
    select string_agg(
      case word.key
        when 'enum' then (
          select '(' || string_agg(v_value || ' == ' || leadgen.compile_literal(p_field, e), ' || ') || ')'
          from jsonb_array_elements(word.value) e)
        when 'minimum' then format('%s.double() >= %s', v_value, word.value)
        when 'maximum' then format('%s.double() <= %s', v_value, word.value)
        when 'pattern' then format('%s like_regex %s flag "s"', v_value, word.value)
        when 'not' then format('(!(%1$s) || (%1$s) is unknown)', leadgen.compile_test(p_field, word.value))
      end, ' && ' order by word.key)
    from jsonb_each(p_test) word
  );
end;
$$;
comment on function leadgen.compile_test(text, jsonb) is
  'A condition on one field as the text of a jsonpath predicate. Numbers sent as text compare as numbers; a missing value holds only under not; a point of a pattern matches a line''s end, too, as with ~. body.x.y goes down into an answer, through lists to any of their entries.';
