create or replace function leadgen.check_format(p_value jsonb, p_format text, p_path text)
returns void
language plpgsql
volatile
as $$
declare
  v_text constant text := p_value #>> '{}';
begin
  case p_format
    when 'regex' then
      perform leadgen.check_regex(v_text, p_path);
    when 'field' then
      perform leadgen.check_field(v_text, p_path);
    when 'time' then
      perform leadgen.check_time(p_value, p_path);
    when 'hours' then
      perform leadgen.check_hours(p_value, p_path);
    when 'area' then
      perform leadgen.check_area(p_value, p_path);
    when 'tests' then
      perform leadgen.check_tests(p_value, p_path);
    when 'answer_tests' then
      perform leadgen.check_tests(p_value, p_path, '{status,text}', 'body');
    when 'range' then
      if v_text ~ '^[^-]+-[^-]+$' and (
        length(split_part(v_text, '-', 1)) <> length(split_part(v_text, '-', 2))
        or split_part(v_text, '-', 1) collate "C" > split_part(v_text, '-', 2)) then
        perform leadgen.refuse_value(p_path, p_value::text, 'a range from a lower to a higher value of the same length');
      end if;
  end case;
end;
$$;
comment on function leadgen.check_format(jsonb, text, text) is
  'Raises LG423 when a value is not of a format of ours: regex, field, time, hours, area, tests (of a lead), answer_tests (of the answer to a webhook), range (a-b). A schema with another is a fault.';
