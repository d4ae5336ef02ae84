create or replace function leadgen.check_sms_number(p_number text, p_field text)
returns void
language plpgsql
immutable
as $$
begin
  if p_number !~ '^\+[1-9][0-9]{6,14}$' then
    perform leadgen.refuse_value(p_field, 'text of another form', 'a number that takes SMS, in E.164: +15125550123');
  end if;
end;
$$;
comment on function leadgen.check_sms_number(text, text) is 'Raises LG423 unless a phone number is in E.164.';
