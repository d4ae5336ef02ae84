-- E-mail addresses and numbers of buyers.

create or replace function catalog.check_mail_address(p_address text, p_field text)
returns void
language plpgsql
immutable
as $$
-- What the worker hands to a mail server (api/leadgen/worker/mail.py): plain ASCII; a name of another script as xn--...
begin
  if p_address !~ '^[A-Za-z0-9.!#$%&''*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9.-]{1,253}$' then
    perform kernel.refuse_value(p_field, 'text of another form',
      'a plain address: leads@buyer.example, other scripts in the domain as xn--...');
  end if;
end;
$$;
comment on function catalog.check_mail_address(text, text) is 'Raises LG423 unless e-mail can be sent to an address.';

create or replace function catalog.check_sms_number(p_number text, p_field text)
returns void
language plpgsql
immutable
as $$
begin
  if p_number !~ E'^\\+[1-9][0-9]{6,14}$' then
    perform kernel.refuse_value(p_field, 'text of another form', 'a number that takes SMS, in E.164: +15125550123');
  end if;
end;
$$;
comment on function catalog.check_sms_number(text, text) is 'Raises LG423 unless a phone number is in E.164.';
