create or replace function leadgen.check_fields_sense(p_rules jsonb)
returns void
language plpgsql
immutable
as $$
declare
  v_field record;
  v_value record;
  v_longest constant integer := (p_rules #>> '{field_rules,message,maxLength}')::integer;
begin
  for v_field in
    select f.key, f.value as rule, 'rules.field_rules.' || f.key as path, f.value ->> 'type' as type,
      f.value ?| '{minimum,maximum}' as has_bounds, f.value ?| '{pattern,minLength,maxLength}' as has_form,
      f.key = any (leadgen.list_fields()) and f.key not in ('consent', 'gdpr_consent') as is_text
    from jsonb_each(p_rules -> 'field_rules') f
  loop
    if v_field.is_text and (v_field.has_bounds or v_field.type <> 'string') then
      perform leadgen.refuse_value(v_field.path, v_field.rule::text, 'words for text: every lead has ' || v_field.key || ' as a string');
    elsif v_field.has_bounds and (v_field.has_form or v_field.type not in ('number', 'integer')) then
      perform leadgen.refuse_value(v_field.path, v_field.rule::text, 'minimum and maximum for a number only, without words for text');
    elsif v_field.has_form and v_field.type <> 'string' then
      perform leadgen.refuse_value(v_field.path, v_field.rule::text, 'pattern, minLength and maxLength for a string only');
    end if;
    for v_value in
      select e.value, v_field.path || '.enum[' || e.ordinality - 1 || ']' as path, leadgen.find_field_fault(e.value, v_field.rule) as fault
      from jsonb_array_elements(v_field.rule -> 'enum') with ordinality e
    loop
      if v_value.fault is not null then
        perform leadgen.refuse_value(v_value.path, v_value.value::text,
          'a value that the other words let pass: this one ' || v_value.fault);
      end if;
    end loop;
  end loop;
  if (p_rules ->> 'min_message_length')::integer > v_longest then
    perform leadgen.refuse_value('rules.min_message_length', p_rules ->> 'min_message_length',
      format('at most field_rules.message.maxLength, which is %s', v_longest));
  end if;
end;
$$;
comment on function leadgen.check_fields_sense(jsonb) is
  'Raises LG423 when what is asked of a field cannot be met: words for numbers and for text at once, words for numbers of a core field that is text, an enum value that its own rule refuses.';
