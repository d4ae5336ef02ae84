create or replace function leadgen.compile_response_rules(p_rules jsonb)
returns leadgen.response_rule[]
language plpgsql
immutable strict
as $$
begin
  return array(
    select (leadgen.compile_tests(r.value -> 'when'), r.value ->> 'outcome', r.value ->> 'reason')::leadgen.response_rule
    from jsonb_array_elements(p_rules) with ordinality r
    order by r.ordinality
  );
end;
$$;
comment on function leadgen.compile_response_rules(jsonb) is
  'What a buyer''s answers mean (see leadgen.check_response_rules), in order, ready to be judged over {"status": 200, "text": "...", "body": {...}}.';
