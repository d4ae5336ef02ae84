create or replace function leadgen.check_text(p_value jsonb, p_schema jsonb, p_path text)
returns void
language plpgsql
immutable
as $$
declare
  v_text constant text := p_value #>> '{}';
begin
  if length(v_text) < (p_schema ->> 'minLength')::integer then
    perform leadgen.refuse_value(p_path, p_value::text, format('text of at least %s characters', p_schema ->> 'minLength'));
  elsif length(v_text) > (p_schema ->> 'maxLength')::integer then
    perform leadgen.refuse_value(p_path, p_value::text, format('text of at most %s characters', p_schema ->> 'maxLength'));
  elsif v_text !~ (p_schema ->> 'pattern') then
    perform leadgen.refuse_value(p_path, p_value::text, coalesce(p_schema ->> 'description', 'text like ' || (p_schema ->> 'pattern')));
  end if;
end;
$$;
comment on function leadgen.check_text(jsonb, jsonb, text) is 'Raises LG423 for text of the wrong form: minLength, maxLength, pattern.';
