create or replace function leadgen.check_mail_address(p_address text, p_field text)
returns void
language plpgsql
immutable
as $$
-- What the worker hands to a mail server (api/leadgen/worker/mail.py): plain ASCII; a name of another script as xn--...
begin
  if p_address !~ '^[A-Za-z0-9.!#$%&''*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9.-]{1,253}$' then
    perform leadgen.refuse_value(p_field, 'text of another form', 'a plain address: leads@buyer.example, other scripts in the domain as xn--...');
  end if;
end;
$$;
comment on function leadgen.check_mail_address(text, text) is 'Raises LG423 unless e-mail can be sent to an address.';
