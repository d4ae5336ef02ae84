create or replace function leadgen.check_response_rules(p_rules jsonb, p_path text)
returns void
language plpgsql
volatile
as $$
-- All of the patterns are tried on each answer, while the worker records nobody else's: together they may take as long as
-- one pattern elsewhere.
declare
  c_longest constant interval := '100 milliseconds';
  c_schema constant jsonb := '{
    "type": "array", "minItems": 1, "maxItems": 50, "items": {
      "type": "object", "additionalProperties": false, "required": ["when", "outcome"], "properties": {
        "when": {"type": "object", "format": "answer_tests"},
        "outcome": {"enum": ["delivered", "accepted", "rejected", "failed", "refused"]},
        "reason": {"type": "string", "pattern": "^[[:print:]]{1,200}$", "description": "1 to 200 characters on one line"}}}}';
  v_rule record;
begin
  perform leadgen.check_schema(p_rules, c_schema, p_path);
  perform leadgen.check_patterns(p_rules, p_path);
  if (select sum(leadgen.time_regex(p.value #>> '{}')) from jsonb_path_query(p_rules, 'strict $.**.pattern', silent => true) as p (value))
    > c_longest then
    perform leadgen.refuse_value(p_path, 'patterns that take longer than ' || c_longest || ' together',
      'fewer or simpler patterns: all of them are tried on each answer');
  end if;
  for v_rule in
    select r.ordinality = jsonb_array_length(p_rules) as is_last, r.value -> 'when' as tests,
      format('%s[%s].when', p_path, r.ordinality - 1) as path
    from jsonb_array_elements(p_rules) with ordinality r
  loop
    if v_rule.tests = '{}' and not v_rule.is_last then
      perform leadgen.refuse_value(v_rule.path, 'no condition', 'a condition: the rules after one that always holds are never reached');
    end if;
    perform leadgen.check_status_test(v_rule.tests -> 'status', v_rule.path || '.status');
    perform leadgen.check_status_test(v_rule.tests #> '{status,not}', v_rule.path || '.status.not');
  end loop;
end;
$$;
comment on function leadgen.check_response_rules(jsonb, text) is
  'Raises LG423 when what a buyer''s answers mean is malformed: at most 50 rules of when (conditions on status, text and body.x), outcome and reason.';
