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

create or replace function catalog.is_phone(p_number text)
returns boolean
language plpgsql
stable strict
as $$
-- Before the reference data is loaded no number can be read, and any is taken.
begin
  return not exists (select from leadgen.phone_regions) or (ref.read_phone(p_number, null)).e164 is not null;
end;
$$;
comment on function catalog.is_phone(text) is
  'Whether a text is a valid phone number with + and the country''s code; null of null.';

create or replace function catalog.check_phone(p_number text, p_field text)
returns void
language plpgsql
stable
as $$
begin
  if not catalog.is_phone(p_number) then
    perform kernel.refuse_value(p_field, 'no valid phone number',
      'a valid number with + and the country''s code: +15125550123');
  end if;
end;
$$;
comment on function catalog.check_phone(text, text) is
  'Raises LG423 unless a text is a valid phone number with + and the country''s code.';

create or replace function catalog.check_sms_number(p_number text, p_field text)
returns void
language plpgsql
stable
as $$
begin
  if p_number !~ E'^\\+[1-9][0-9]{6,14}$' or not catalog.is_phone(p_number) then
    perform kernel.refuse_value(p_field,
      case when p_number ~ E'^\\+[0-9]+$' then 'no valid phone number' else 'text of another form' end,
      'a number that takes SMS, in E.164: +15125550123');
  end if;
end;
$$;
comment on function catalog.check_sms_number(text, text) is 'Raises LG423 unless a valid phone number is in E.164.';
