create or replace function leadgen.compile_business_hours(p_hours jsonb)
returns jsonb
language plpgsql
immutable strict
as $$
begin
  return to_jsonb(leadgen.compile_hours(p_hours)::text);
end;
$$;
comment on function leadgen.compile_business_hours(jsonb) is
  'Hours as rule_business_hours reads them: the text of a multirange of minutes of the week.';
