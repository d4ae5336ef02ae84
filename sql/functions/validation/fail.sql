create or replace function leadgen.fail(p_code text, p_field text, p_reason text)
returns leadgen.failure[]
language plpgsql
immutable parallel safe
as $$
begin
  return array[(p_code, p_field, p_reason)::leadgen.failure];
end;
$$;
comment on function leadgen.fail(text, text, text) is 'One failure, as a rule returns it.';
