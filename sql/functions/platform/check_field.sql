create or replace function leadgen.check_field(p_field text, p_path text)
returns void
language plpgsql
immutable
as $$
declare
  v_fields constant text[] := leadgen.list_fields();
  v_attribute constant text := 'attributes.' || coalesce(nullif(substr(p_field, strpos(p_field, '.') + 1), p_field), 'x');
begin
  if p_field <> all (v_fields) and p_field !~ '^attributes\..' then
    perform leadgen.refuse_choice(p_path, 'an unknown field', p_field, v_fields || v_attribute);
  end if;
end;
$$;
comment on function leadgen.check_field(text, text) is 'Raises LG423 when a name is no core field of a lead and not attributes.x.';
