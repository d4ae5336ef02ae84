-- What the answers of a buyer's endpoint mean.

create or replace function catalog.check_response_rules(p_rules jsonb, p_path text)
returns void
language plpgsql
volatile
as $$
declare
  c_schema constant jsonb := '{
    "type": "array", "minItems": 1, "maxItems": 50, "items": {
      "type": "object", "additionalProperties": false, "required": ["when", "outcome"], "properties": {
        "when": {"type": "object", "format": "answer_tests"},
        "outcome": {"enum": ["delivered", "accepted", "rejected", "failed", "refused"]},
        "reason": {"type": "string", "pattern": "^[[:print:]]{1,200}$",
          "description": "1 to 200 characters on one line"}}}}';
  v_rule record;
begin
  perform catalog.check_schema(p_rules, c_schema, p_path);
  perform catalog.check_patterns(p_rules, p_path);
  for v_rule in
    select r.ordinality = jsonb_array_length(p_rules) as is_last, r.value -> 'when' as tests,
      format('%s[%s].when', p_path, r.ordinality - 1) as path
    from jsonb_array_elements(p_rules) with ordinality r
  loop
    if v_rule.tests = '{}' and not v_rule.is_last then
      perform kernel.refuse_value(v_rule.path, 'no condition',
        'a condition: the rules after one that always holds are never reached');
    end if;
    perform catalog.check_status_test(v_rule.tests -> 'status', v_rule.path || '.status');
    perform catalog.check_status_test(v_rule.tests #> '{status,not}', v_rule.path || '.status.not');
  end loop;
end;
$$;
comment on function catalog.check_response_rules(jsonb, text) is
  'Raises LG423 when what a buyer''s answers mean is malformed: at most 50 rules of when (conditions on status, text '
  'and body.x), outcome and reason.';

create or replace function catalog.check_status_test(p_test jsonb, p_path text)
returns void
language plpgsql
immutable
as $$
declare
  c_word constant text := 'a condition on a number: enum, minimum, maximum or not';
  v_value record;
begin
  if p_test ? 'pattern' then
    perform kernel.refuse_value(p_path || '.pattern', p_test ->> 'pattern', c_word);
  end if;
  for v_value in
    select e.value, format('%s.enum[%s]', p_path, e.ordinality - 1) as path
    from jsonb_array_elements(p_test -> 'enum') with ordinality e
    union all
    select w.value, p_path || '.' || w.key
    from jsonb_each(p_test) w
    where w.key in ('minimum', 'maximum')
  loop
    if v_value.value::text !~ '^[2-5][0-9][0-9]$' then
      perform kernel.refuse_value(v_value.path, v_value.value::text, 'an HTTP status as a number, 200 to 599');
    end if;
  end loop;
end;
$$;
comment on function catalog.check_status_test(jsonb, text) is
  'Raises LG423 when a condition on the status of an answer can never hold.';

create or replace function catalog.compile_response_rules(p_rules jsonb)
returns kernel.response_rule[]
language plpgsql
immutable strict
as $$
begin
  return array(
    select (catalog.compile_tests(r.value -> 'when'), r.value ->> 'outcome', r.value ->> 'reason')::kernel.response_rule
    from jsonb_array_elements(p_rules) with ordinality r
    order by r.ordinality
  );
end;
$$;
comment on function catalog.compile_response_rules(jsonb) is
  'What a buyer''s answers mean (see catalog.check_response_rules), in order, ready to be judged over {"status": 200,'
  ' "text": "...", "body": {...}}.';
