create or replace function leadgen.show_number(p_document jsonb, p_field text)
returns text
language plpgsql
immutable
as $$
declare
  v_value constant jsonb := case when starts_with(p_field, 'attributes.')
    then p_document -> 'attributes' -> substr(p_field, 12)
    else p_document -> p_field end;
begin
  return case
    when coalesce(jsonb_typeof(v_value), 'null') = 'null' then 'missing'
    when jsonb_typeof(v_value) = 'boolean' then v_value::text
    when starts_with(p_field, 'attributes.') and v_value #>> '{}' ~ '^-?[0-9]{1,6}([.][0-9]{1,4})?$' then v_value #>> '{}'
  end;
end;
$$;
comment on function leadgen.show_number(jsonb, text) is
  'A lead''s field where it is missing, a number of at most six digits or yes or no; null for anything else, which may be personal.';
