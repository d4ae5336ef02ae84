create or replace function leadgen.check_webhook_secret(p_secret text, p_field text)
returns void
language plpgsql
immutable
as $$
-- The error does not repeat it: the server logs errors.
declare
  c_allowed constant text := 'whsec_ and the base64 of 24 to 64 bytes; leave it out and one is made';
begin
  if p_secret !~ '^whsec_([A-Za-z0-9+/]{4})+([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$' then
    perform leadgen.refuse_value(p_field, 'text that is no secret', c_allowed);
  elsif length(decode(substr(p_secret, 7), 'base64')) not between 24 and 64 then
    perform leadgen.refuse_value(p_field, length(decode(substr(p_secret, 7), 'base64')) || ' bytes', c_allowed);
  end if;
end;
$$;
comment on function leadgen.check_webhook_secret(text, text) is 'Raises LG423 unless Standard Webhooks can sign with it.';
